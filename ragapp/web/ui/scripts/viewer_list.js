// A list of any length of which only what is in sight stands in the page: pages of a document, or their small pictures.
"use strict";
(() => {
  // what is that far out of sight is made already, as a share of the height in sight
  const AHEAD = 0.75;

  ragapp.VirtualList = class {
    // `scroller` is the element that scrolls; `make(index)` gives an item's element, `size(index)` its width and height
    // in pixels (a width of 0 is the whole width), `gone(index, element)` is told when it leaves the page
    constructor(scroller, { count, size, make, gone = () => {}, gap = 12, seen = () => {} }) {
      Object.assign(this, { scroller, count, size, make, gone, gap, seen, shown: new Map(), tops: new Float64Array(count + 1) });
      this.sizer = document.createElement("div");
      this.sizer.className = "sizer";
      scroller.replaceChildren(this.sizer);
      this.onScroll = () => this.render();
      scroller.addEventListener("scroll", this.onScroll, { passive: true });
      this.layOut();
      this.render();
    }

    close() {
      this.scroller.removeEventListener("scroll", this.onScroll);
      for (const [index, element] of this.shown) { element.remove(); this.gone(index, element); }
      this.shown.clear();
      this.sizer.remove();
    }

    layOut() {
      let top = this.gap, wide = 0;
      for (let index = 0; index < this.count; index++) {
        const [width, height] = this.size(index);
        this.tops[index] = top;
        top += height + this.gap;
        if (width > wide) wide = width;
      }
      this.tops[this.count] = top;
      this.wide = wide;
      this.sizer.style.height = top + "px";
      this.sizer.style.width = wide ? `max(100%, ${wide}px)` : "100%";
      for (const [index, element] of this.shown) this.place(index, element);
    }

    place(index, element) {
      const [width, height] = this.size(index);
      element.style.top = this.tops[index] + "px";
      if (width) {
        element.style.width = width + "px";
        element.style.height = height + "px";
        element.style.left = `max(0px, calc((100% - ${width}px) / 2))`;
      }
    }

    // the item at a height of the whole list
    at(top) {
      let low = 0, high = this.count - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (this.tops[middle] <= top) low = middle;
        else high = middle - 1;
      }
      return low;
    }

    // the item that a person looks at
    get current() {
      const { scrollTop, clientHeight, scrollHeight } = this.scroller;
      if (scrollTop + clientHeight >= scrollHeight - 2 && scrollTop > 0) return this.count - 1;
      return this.at(scrollTop + clientHeight * 0.35);
    }

    inSight(index, ahead = 0) {
      const { scrollTop, clientHeight } = this.scroller, more = ahead * clientHeight;
      return this.tops[index + 1] > scrollTop - more && this.tops[index] < scrollTop + clientHeight + more;
    }

    render() {
      if (!this.count) return;
      const { scrollTop, clientHeight } = this.scroller, more = AHEAD * clientHeight;
      const first = this.at(scrollTop - more), last = this.at(scrollTop + clientHeight + more);
      const selection = getSelection();
      for (const [index, element] of this.shown) {
        if (index >= first && index <= last) continue;
        // what has the focus, or an end of what is selected, stays
        const held = [document.activeElement, selection.anchorNode, selection.focusNode];
        if (held.some((node) => node && element.contains(node) && (node === document.activeElement || !selection.isCollapsed))) continue;
        element.remove();
        this.shown.delete(index);
        this.gone(index, element);
      }
      for (let index = first; index <= last; index++) {
        if (this.shown.has(index)) continue;
        const element = this.make(index);
        this.shown.set(index, element);
        this.place(index, element);
        // in their order, for those who go through them by other means than their eyes
        const next = [...this.shown.keys()].filter((other) => other > index).sort((a, b) => a - b)[0];
        this.sizer.insertBefore(element, next === undefined ? null : this.shown.get(next));
      }
      this.seen(this.current);
    }

    // sizes have changed: what stands at `share` of the height in sight stays there
    resize(share = 0.35) {
      const { scroller } = this, old = scroller.scrollHeight, wide = scroller.scrollWidth;
      const y = scroller.scrollTop + share * scroller.clientHeight, index = this.at(y);
      const within = (y - this.tops[index]) / Math.max(this.tops[index + 1] - this.tops[index], 1);
      const across = (scroller.scrollLeft + scroller.clientWidth / 2) / wide;
      this.layOut();
      if (scroller.scrollHeight !== old || this.tops[index] !== y) {
        scroller.scrollTop = this.tops[index] + within * (this.tops[index + 1] - this.tops[index]) - share * scroller.clientHeight;
        scroller.scrollLeft = across * scroller.scrollWidth - scroller.clientWidth / 2;
      }
      this.render();
    }

    // one item turned out to be of another height; what is in sight stays where it is
    grown(index, by) {
      const top = this.tops[index];
      this.layOut();
      if (top < this.scroller.scrollTop && by) this.scroller.scrollTop += by;
      this.render();
    }

    // `down` are pixels below the item's upper edge, which come to stand at `share` of the height in sight
    scrollTo(index, down = 0, share = 0) {
      const to = Math.max(0, Math.min(index, this.count - 1));
      this.scroller.scrollTop = this.tops[to] + down - (share ? share * this.scroller.clientHeight : this.gap / 2);
      this.render();
    }
  };
})();
