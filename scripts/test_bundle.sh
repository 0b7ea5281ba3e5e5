#!/bin/sh
# Shows that a bundle needs nothing but Python: makes one, installs it in a bare Debian without any network, and has the
# demo answer. Usage: test_bundle.sh RAGAPP WORK    (the bundle and the bare system stay in WORK for the next run)
# Needs root, debootstrap and unshare; the mirror is the one that apt is set up for.
set -eu
ragapp=$1
mkdir -p "$2"
work=$(cd "$2" && pwd)
bundle=$work/bundle root=$work/root
for program in debootstrap unshare chroot; do
    command -v "$program" >/dev/null || { echo "test-bundle needs $program" >&2; exit 1; }
done
[ "$(id -u)" = 0 ] || { echo "test-bundle must be run as root" >&2; exit 1; }

started=$(date +%s)
"$ragapp" bundle create "$bundle"
"$ragapp" bundle verify "$bundle"
echo "bundle: $(du -sm "$bundle" | cut -f1) MB, made in $((($(date +%s) - started) / 60)) min"

if [ ! -f "$root/.made" ]; then
    rm -rf "$root"
    . /etc/os-release
    mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | head -n 1)
    debootstrap --variant=minbase --include=python3 "$VERSION_CODENAME" "$root" "$mirror"
    touch "$root/.made"
fi
rm -rf "$root/opt/ragapp" "$root/root/.ragapp"
mkdir -p "$root/mnt/bundle"
if [ -e "$root/usr/bin/gcc" ] || [ -d "$root"/usr/lib/python3*/ensurepip ]; then
    echo "the system in $root is not bare" >&2
    exit 1
fi

touch "$work/started"
started=$(date +%s)
# a network of its own, which has no routes
unshare --net --mount --pid --fork sh -eu -c '
    mount --make-rprivate /
    mount --bind "$1" "$2/mnt/bundle"
    mount -o remount,bind,ro "$2/mnt/bundle"
    mount -t proc proc "$2/proc"
    mkdir -p "$2/dev/shm"
    mount -t tmpfs tmpfs "$2/dev/shm"
    [ "$(wc -l <"$2/proc/net/route")" -le 1 ] || { echo "there are routes" >&2; exit 1; }
    exec chroot "$2" /usr/bin/env -i PATH=/usr/bin:/bin HOME=/root LC_ALL=C.UTF-8 \
        sh /mnt/bundle/install.sh /opt/ragapp
' sh "$bundle" "$root" >"$work/output" 2>&1 || { cat "$work/output"; echo "FAILED" >&2; exit 1; }
seconds=$(($(date +%s) - started))
cat "$work/output"

grep -q '^ *\[1\] ' "$work/output" || { echo "FAILED: there is no cited answer" >&2; exit 1; }
left=$(find "$root" -xdev -path "$root/opt/ragapp" -prune -o -type f -newer "$work/started" -print)
[ -z "$left" ] || { echo "FAILED: written outside the folder: $left" >&2; exit 1; }
echo "passed: installed and answered in $((seconds / 60)) min $((seconds % 60)) s, $(du -sm "$root/opt/ragapp" | cut -f1) MB installed"
