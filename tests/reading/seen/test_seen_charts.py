"""Charts and SmartArt, which Office formats share, as PowerPoint shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ragapp.reading.office.charts import chart_text
from ragapp.reading.office.diagrams import diagram_text
from tests.reading.deckkit import NAMESPACES, Slide, cache, chart_space, chart_title, frame, picture, series, write_deck
from tests.reading.seen.seenkit import Seen, check, table

_ISO = "ISO/IEC 29500-1"
_CHART = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_CHARTEX = "http://schemas.microsoft.com/office/drawing/2014/chartex"
_DIAGRAM = "http://schemas.openxmlformats.org/drawingml/2006/diagram"


def deck(name: str, *slides: Slide | str, source: str, build: dict[str, Any] | None = None, **seen: Any) -> Seen:
    """A case of a presentation."""

    def write(path: Path) -> None:
        write_deck(path, *slides, **(build or {}))

    return Seen(name, seen.pop("suffix", ".pptx"), write, source=source, **seen)


def chart(name: str, xml: str, *, source: str, **seen: Any) -> Seen:
    """A case of a chart on a slide."""
    slide = Slide(frame(_CHART, '<c:chart r:id="rId5"/>'), [("rId5", "chart", "../charts/chart1.xml")])
    return deck(name, slide, source=source, build={"parts": {"ppt/charts/chart1.xml": xml}}, **seen)


def chartex(name: str, xml: str, *, source: str, **seen: Any) -> Seen:
    content = f'<cx:chart xmlns:cx="{_CHARTEX}" r:id="rId5"/>'
    shape = (
        f'<mc:AlternateContent><mc:Choice xmlns:cx1="http://schemas.microsoft.com/office/drawing/2015/9/8/chartex" '
        f'Requires="cx1">{frame(_CHARTEX, content)}</mc:Choice><mc:Fallback>{picture("rId9")}</mc:Fallback>'
        "</mc:AlternateContent>"
    )
    kind = "http://schemas.microsoft.com/office/2014/relationships/chartEx"
    slide = Slide(shape, [("rId5", kind, "../charts/chartEx1.xml")])
    return deck(name, slide, source=source, build={"parts": {"ppt/charts/chartEx1.xml": xml}}, **seen)


def point(key: str, text: str, kind: str = "", settings: str = "") -> str:
    typed = f' type="{kind}"' if kind else ""
    return (
        f'<dgm:pt modelId="{key}"{typed}><dgm:prSet {settings}/><dgm:spPr/><dgm:t><a:bodyPr/>'
        f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p></dgm:t></dgm:pt>"
    )


def model(points: str, *links: tuple[str, str, int], more: str = "") -> str:
    """A data model by its points and the connections (from, to, order)."""
    cxn = "".join(
        f'<dgm:cxn modelId="c{a}{b}" srcId="{a}" destId="{b}" srcOrd="{order}" destOrd="0"/>' for a, b, order in links
    )
    return (
        f'<dgm:dataModel xmlns:dgm="{_DIAGRAM}" {NAMESPACES}><dgm:ptLst>{points}</dgm:ptLst><dgm:cxnLst>{cxn}'
        f"</dgm:cxnLst>{more}</dgm:dataModel>"
    )


def drawing(*texts: str) -> str:
    shapes = "".join(
        f"<dsp:sp><dsp:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></dsp:txBody></dsp:sp>" for text in texts
    )
    return (
        '<dsp:drawing xmlns:dsp="http://schemas.microsoft.com/office/drawing/2008/diagram" '
        f"{NAMESPACES}><dsp:spTree>{shapes}</dsp:spTree></dsp:drawing>"
    )


def diagram(name: str, data: str, drawn: str = "", *, source: str, **seen: Any) -> Seen:
    ids = f'<dgm:relIds xmlns:dgm="{_DIAGRAM}" r:dm="rId5" r:lo="rId6" r:qs="rId6" r:cs="rId6"/>'
    rels = [("rId5", "diagramData", "../diagrams/data1.xml")]
    parts = {"ppt/diagrams/data1.xml": data}
    if drawn:
        kind = "http://schemas.microsoft.com/office/2007/relationships/diagramDrawing"
        rels.append(("rId7", kind, "../diagrams/drawing1.xml"))
        parts["ppt/diagrams/drawing1.xml"] = drawn
    return deck(name, Slide(frame(_DIAGRAM, ids), rels), source=source, build={"parts": parts}, **seen)


_VAL_AXIS = '<c:valAx><c:axId val="2"/><c:delete val="0"/><c:axPos val="l"/>{}</c:valAx>'
_CAT_AXIS = '<c:catAx><c:axId val="1"/><c:delete val="0"/><c:axPos val="b"/>{}</c:catAx>'
_IDS = '<c:axId val="1"/><c:axId val="2"/>'
_BAR = "<c:barChart>{}{}" + _IDS + "</c:barChart>"


def bars(made: str, labels: str = "", values: str = "", heads: str = "", title: str = "", more: str = "") -> str:
    return chart_space(_BAR.format(made, labels), _CAT_AXIS.format(heads) + _VAL_AXIS.format(values), title, more)


_YEARS: list[str | None] = ["2023", "2024"]
CHARTS = [
    chart(
        "bars with a title, axis titles and a unit",
        bars(
            series("Sales", _YEARS, ["5", "6.5"]),
            values=chart_title("M€"),
            heads=chart_title("Year"),
            title="Sales by year",
        ),
        sees=("Sales by year\n\n| Year | Sales (M€) |\n| --- | --- |\n| 2023 | 5 |\n| 2024 | 6.5 |",),
        source=f"{_ISO}, 21.2.2.210 title",
    ),
    chart(
        "a title taken from a cell",
        chart_space(_BAR.format(series("Sales", _YEARS, ["5", "6"]), "")).replace(
            "<c:chart>", f"<c:chart><c:title><c:tx>{cache('str', ['Complaints per month'])}</c:tx></c:title>"
        ),
        sees=("Complaints per month",),
        source=f"{_ISO}, 21.2.2.201 strRef",
    ),
    chart(
        "dates and percentages as they are shown",
        bars(series("Share", cache("num", ["45292", "45323"], "yyyy\\-mm\\-dd"), ["0.245", "0.5"], "0.0%")),
        sees=("| 2024-01-01 | 24.5% |", "| 2024-02-01 | 50.0% |"),
        never=("45292", "0.245"),
        source=f"{_ISO}, 21.2.2.71 formatCode",
    ),
    chart(
        "dates that only their axis shows as dates",
        chart_space(
            "<c:lineChart>" + series("n", cache("num", ["45292"], "General"), ["7"]) + _IDS + "</c:lineChart>",
            '<c:dateAx><c:axId val="1"/><c:numFmt formatCode="yyyy\\-mm\\-dd" sourceLinked="1"/></c:dateAx>'
            + _VAL_AXIS.format(""),
        ),
        sees=("| 2024-01-01 | 7 |",),
        source="LibreOffice writes charts so",
    ),
    chart(
        "days count from 1904 where the chart says so",
        bars(series("n", cache("num", ["0"], "yyyy\\-mm\\-dd"), ["7"]), more='<c:date1904 val="1"/>'),
        sees=("| 1904-01-01 | 7 |",),
        source=f"{_ISO}, 21.2.2.38 date1904",
    ),
    chart(
        "labels have a format of their own",
        bars(
            series("Sales", _YEARS, ["12345678", "9000000"]),
            '<c:dLbls><c:numFmt formatCode="0.0,,&quot; M€&quot;" sourceLinked="0"/><c:showVal val="1"/></c:dLbls>',
        ),
        sees=("12.3 M€ (in full: 12345678)",),
        source=f"{_ISO}, 21.2.2.121 numFmt",
    ),
    chart(
        "an axis in percent does not round the values",
        bars(series("Share", ["A"], ["0.245"]), values='<c:numFmt formatCode="0%" sourceLinked="0"/>'),
        sees=("| A | 24.5% |",),
        source=f"{_ISO}, 21.2.2.121 numFmt",
    ),
    chart(
        "an axis in millions",
        bars(
            series("Sales", ["A"], ["12300000"]),
            values='<c:dispUnits><c:builtInUnit val="millions"/><c:dispUnitsLbl><c:tx><c:rich><a:p><a:r>'
            "<a:t>in millions</a:t>"
            "</a:r></a:p></c:rich></c:tx></c:dispUnitsLbl></c:dispUnits>",
        ),
        sees=("The axis shows in millions in units of 1,000,000.", "12300000"),
        source=f"{_ISO}, 21.2.2.45 dispUnits",
    ),
    chart(
        "scatter: places across and up",
        chart_space(
            "<c:scatterChart><c:ser><c:tx>"
            + cache("str", ["Pressure"])
            + "</c:tx><c:xVal>"
            + cache("num", ["1", "2"])
            + "</c:xVal><c:yVal>"
            + cache("num", ["7.5", "8.1"])
            + "</c:yVal></c:ser>"
            + _IDS
            + "</c:scatterChart>",
            '<c:valAx><c:axId val="1"/><c:axPos val="b"/>'
            + chart_title("Hours")
            + "</c:valAx>"
            + _VAL_AXIS.format(chart_title("bar")),
        ),
        sees=("| Hours | Pressure (bar) |", "| 1 | 7.5 |", "| 2 | 8.1 |"),
        source=f"{_ISO}, 21.2.2.161 scatterChart",
    ),
    chart(
        "bubbles: and sizes",
        chart_space(
            "<c:bubbleChart><c:ser><c:tx>"
            + cache("str", ["Plants"])
            + "</c:tx><c:xVal>"
            + cache("num", ["1", "2"])
            + "</c:xVal><c:yVal>"
            + cache("num", ["3", "4"])
            + "</c:yVal><c:bubbleSize>"
            + cache("num", ["50", "60"])
            + "</c:bubbleSize></c:ser></c:bubbleChart>"
        ),
        sees=("| x | Plants | Size |", "| 1 | 3 | 50 |"),
        source=f"{_ISO}, 21.2.2.20 bubbleChart",
    ),
    chart(
        "a pie that shows shares",
        chart_space(
            "<c:pieChart>" + series("Sites", ["Bergen", "Oslo"], ["30", "10"]) + '<c:dLbls><c:showVal val="0"/>'
            '<c:showPercent val="1"/></c:dLbls></c:pieChart>'
        ),
        sees=("|  | Sites | Share |", "| Bergen | 30 | 75% |", "| Oslo | 10 | 25% |"),
        source=f"{_ISO}, 21.2.2.187 showPercent",
    ),
    chart(
        "bars and a line with an axis of its own",
        chart_space(
            _BAR.format(series("Sales", _YEARS, ["5", "6"]), "")
            + "<c:lineChart>"
            + series("Margin", _YEARS, ["0.1", "0.12"], "0%")
            + '<c:axId val="3"/><c:axId val="4"/></c:lineChart>',
            _CAT_AXIS.format("")
            + _VAL_AXIS.format(chart_title("M€"))
            + '<c:catAx><c:axId val="3"/><c:delete val="1"/></c:catAx><c:valAx><c:axId val="4"/>'
            + chart_title("of sales")
            + "</c:valAx>",
        ),
        sees=("|  | Sales (M€) | Margin (of sales) |", "| 2023 | 5 | 10% |", "| 2024 | 6 | 12% |"),
        source=f"{_ISO}, 21.2.2.145 plotArea",
    ),
    chart(
        "categories of two levels",
        bars(
            series(
                "Sales",
                '<c:multiLvlStrRef><c:f>x</c:f><c:multiLvlStrCache><c:ptCount val="3"/><c:lvl><c:pt idx="0">'
                "<c:v>Q1</c:v></c:pt>"
                '<c:pt idx="1"><c:v>Q2</c:v></c:pt><c:pt idx="2"><c:v>Q1</c:v></c:pt></c:lvl><c:lvl><c:pt idx="0">'
                "<c:v>2023</c:v>"
                '</c:pt><c:pt idx="2"><c:v>2024</c:v></c:pt></c:lvl></c:multiLvlStrCache></c:multiLvlStrRef>',
                ["5", "6", "7"],
            )
        ),
        sees=("| 2023 Q1 | 5 |", "| 2023 Q2 | 6 |", "| 2024 Q1 | 7 |"),
        source=f"{_ISO}, 21.2.2.102 multiLvlStrCache",
    ),
    chart(
        "no categories, no name, an error, a gap",
        chart_space(
            "<c:lineChart><c:ser><c:val>" + cache("num", ["5", "#N/A", None, "8"]) + "</c:val></c:ser></c:lineChart>"
        ),
        sees=("|  | Series1 |\n| --- | --- |\n| 1 | 5 |\n| 4 | 8 |",),
        never=("#N/A",),
        source="PowerPoint counts points without categories",
    ),
    chart(
        "labels that were typed, and taken from cells",
        bars(
            series(
                "n",
                ["A", "B"],
                ["5", "6"],
                more='<c:dLbls><c:dLbl><c:idx val="0"/><c:tx><c:rich><a:p><a:r><a:t>estimate</a:t></a:r></a:p>'
                "</c:rich></c:tx>"
                '</c:dLbl><c:dLbl><c:idx val="1"/><c:tx><c:rich><a:p><a:fld id="{1}" type="CELLRANGE">'
                "<a:t>[CELLRANGE]</a:t></a:fld>"
                "</a:p></c:rich></c:tx></c:dLbl></c:dLbls><c:extLst><c:ext><c15:datalabelsRange "
                'xmlns:c15="http://schemas.microsoft.com/office/drawing/2012/chart"><c15:dlblRangeCache><c:pt idx="1">'
                "<c:v>measured</c:v></c:pt></c15:dlblRangeCache></c15:datalabelsRange></c:ext></c:extLst>",
            )
        ),
        sees=("| A | 5 | estimate |", "| B | 6 | measured |"),
        never=("CELLRANGE",),
        source=f"{_ISO}, 21.2.2.47 dLbl; [MS-ODRAWXML] 2.24.3.6",
    ),
    chart(
        "series that a filter hides",
        bars(
            series("Seen", ["A"], ["5"]),
            "<c:extLst><c:ext>"
            "<c15:filteredBarSeries xmlns:c15='http://schemas.microsoft.com/office/drawing/2012/chart'>"
            + series("Gone", ["A"], ["99"]).replace("c:ser>", "c15:ser>")
            + "</c15:filteredBarSeries></c:ext></c:extLst>",
        ),
        sees=("| A | 5 |",),
        never=("99", "Gone"),
        source="[MS-ODRAWXML] 2.24.3.26 filteredBarSeries",
    ),
    chart(
        "a type that no library knows, and series by their order",
        chart_space(
            "<c:surface3DChart>"
            + series("Second", ["A"], ["2"], more='<c:order val="1"/>')
            + series("First", ["A"], ["1"], more='<c:order val="0"/>')
            + "</c:surface3DChart>"
        ),
        sees=("|  | First | Second |", "| A | 1 | 2 |"),
        source=f"{_ISO}, 21.2.2.203 surface3DChart",
    ),
    chart(
        "a pie has room for one series",
        chart_space(
            "<c:ofPieChart>" + series("Seen", ["A"], ["2"]) + series("Unseen", ["A"], ["77"]) + "</c:ofPieChart>"
        ),
        sees=("| A | 2 |",),
        never=("77",),
        source="PowerPoint",
    ),
    chart(
        "an invisible series that others are stacked on",
        bars(
            series("Base", ["A"], ["88"], more="<c:spPr><a:noFill/><a:ln><a:noFill/></a:ln></c:spPr>")
            + series("Step", ["A"], ["5"], more="<c:spPr><a:solidFill/></c:spPr>")
        ),
        sees=("| A | 5 |",),
        never=("88",),
        warns=("1 invisible series of a chart was left out (slide 1).",),
        source="PowerPoint; waterfalls before Office 2016 were made so",
    ),
    chart(
        "a chart without data",
        chart_space(_BAR.format("<c:ser/>", ""), title="Empty so far"),
        sees=("Empty so far",),
        warns=("1 chart without data was left out (slide 1).",),
        source="what is not read is told",
    ),
    chart(
        "a damaged chart",
        "<c:chartSpace",
        warns=("1 chart was left out (slide 1).",),
        source="what is not read is told",
    ),
    chartex(
        "a waterfall",
        f'<cx:chartSpace xmlns:cx="{_CHARTEX}" {NAMESPACES}><cx:chartData><cx:data id="0"><cx:strDim type="cat">'
        f'<cx:lvl ptCount="3">'
        '<cx:pt idx="0">Start</cx:pt><cx:pt idx="1">Rent</cx:pt><cx:pt idx="2">End</cx:pt></cx:lvl></cx:strDim>'
        '<cx:numDim type="val">'
        '<cx:lvl ptCount="3" formatCode="0.0"><cx:pt idx="0">100</cx:pt><cx:pt idx="1">-20</cx:pt>'
        '<cx:pt idx="2">80</cx:pt></cx:lvl>'
        "</cx:numDim></cx:data></cx:chartData><cx:chart><cx:title><cx:tx><cx:txData><cx:v>Cash</cx:v></cx:txData>"
        "</cx:tx></cx:title>"
        '<cx:plotArea><cx:plotAreaRegion><cx:series layoutId="waterfall"><cx:tx><cx:txData><cx:v>k€</cx:v>'
        "</cx:txData></cx:tx>"
        '<cx:dataId val="0"/><cx:layoutPr><cx:subtotals><cx:idx val="2"/></cx:subtotals></cx:layoutPr></cx:series>'
        "</cx:plotAreaRegion>"
        "</cx:plotArea></cx:chart></cx:chartSpace>",
        sees=("Cash", "|  | k€ |", "| Rent | -20.0 |", "| End (total) | 80.0 |"),
        source="[MS-ODRAWXML] 2.24.3.72",
    ),
    chartex(
        "a treemap",
        f'<cx:chartSpace xmlns:cx="{_CHARTEX}" {NAMESPACES}><cx:chartData><cx:data id="0"><cx:strDim type="cat">'
        f'<cx:lvl ptCount="2">'
        '<cx:pt idx="0">Oak</cx:pt><cx:pt idx="1">Ash</cx:pt></cx:lvl><cx:lvl ptCount="2"><cx:pt idx="0">Hall</cx:pt>'
        "</cx:lvl>"
        '</cx:strDim><cx:numDim type="size"><cx:lvl ptCount="2"><cx:pt idx="0">7</cx:pt><cx:pt idx="1">3</cx:pt>'
        "</cx:lvl></cx:numDim>"
        '</cx:data></cx:chartData><cx:chart><cx:plotArea><cx:plotAreaRegion><cx:series layoutId="treemap">'
        '<cx:dataId val="0"/>'
        "</cx:series></cx:plotAreaRegion></cx:plotArea></cx:chart></cx:chartSpace>",
        sees=("| Hall Oak | 7 |", "| Hall Ash | 3 |"),
        source="[MS-ODRAWXML] 2.24.3.72",
    ),
]

_BOARD = (
    point("0", "", "doc") + point("1", "Ilse, Director") + point("2", "Tomas, Logistics") + point("3", "Amina, Quality")
)
DIAGRAMS = [
    diagram(
        "an organisation chart",
        model(
            _BOARD + point("4", "Eva, Office", "asst") + point("5", "", "sibTrans"),
            ("0", "1", 0),
            ("1", "3", 1),
            ("1", "2", 0),
            ("1", "4", 2),
        ),
        sees=("- Ilse, Director\n  - Tomas, Logistics\n  - Amina, Quality\n  - Eva, Office (assistant)",),
        source=f"{_ISO}, 21.4.7.51 ST_PtType",
    ),
    diagram(
        "points that are not drawn, and a placeholder",
        model(
            _BOARD + point("4", "[Text]", settings='phldr="1"'),
            ("0", "1", 0),
            ("0", "2", 1),
            ("0", "4", 2),
            ("2", "3", 0),
        ),
        drawing("Ilse, Director", "Tomas, Logistics", "Budget 2026"),
        sees=("- Ilse, Director\n- Tomas, Logistics\n- Budget 2026",),
        never=("Amina", "[Text]"),
        source="PowerPoint shows the drawing that it saved",
    ),
    diagram(
        "a model that goes round in a circle",
        model(_BOARD, ("0", "1", 0), ("1", "2", 0), ("2", "1", 0)),
        sees=("- Ilse, Director\n  - Tomas, Logistics",),
        source="a damaged file",
    ),
    diagram(
        "nothing in it",
        model(point("0", "", "doc")),
        warns=("1 diagram was left out",),
        source="what is not read is told",
    ),
    diagram("a damaged model", "<dgm", warns=("1 diagram was left out (slide 1).",), source="what is not read is told"),
]


@table(CHARTS + DIAGRAMS)
def test_charts_and_diagrams_as_they_are_shown(case: Seen, tmp_path: Path) -> None:
    check(case, tmp_path)


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(
    st.lists(st.lists(st.one_of(st.none(), st.integers(-999, 999)), max_size=5), max_size=4),
    st.sampled_from(["barChart", "lineChart", "area3DChart", "radarChart", "surfaceChart", "stockChart"]),
)
def test_no_value_appears_that_a_chart_does_not_hold(values: list[list[int | None]], kind: str) -> None:
    made = "".join(
        series(f"s{n}", ["a", "b", "c", "d", "e"], [None if one is None else str(one) for one in row])
        for n, row in enumerate(values)
    )
    shown = chart_text(chart_space(f"<c:{kind}>{made}</c:{kind}>").encode())
    cells_shown = [cell for rows in shown.tables for row in rows[1:] for cell in row[1:] if cell]
    assert sorted(cells_shown) == sorted(str(one) for row in values for one in row if one is not None)


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 3)), max_size=15))
def test_a_diagram_of_any_connections_names_each_point_once_at_the_most(links: list[tuple[int, int, int]]) -> None:
    points = point("0", "", "doc") + "".join(point(str(n), f"point {n}") for n in range(1, 7))
    found = diagram_text(model(points, *[(str(a), str(b), order) for a, b, order in links]).encode())
    texts = [line.strip() for line in found.lines]
    assert len(texts) == len(set(texts))
    assert set(texts) <= {f"- point {n}" for n in range(1, 7)}
