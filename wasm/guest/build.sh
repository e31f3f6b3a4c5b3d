#!/bin/bash
# Builds the guest image from Debian 12 packages, to the same bytes each time.
# shellcheck disable=SC2013,SC2016
#
#   build.sh             build what inputs.lock names; write image/, manifest.json
#   build.sh --relock    take the versions Debian has today, rewrite inputs.lock, build
#   build.sh --check     build, and compare with what is committed instead of writing
#   build.sh --keep-kernel …  take the kernel this work folder built before, if nothing it
#                        is made from has changed (for work on the programs)
#
# Needs no root and leaves the system's apt configuration alone: it keeps its own
# package lists beneath its work folder. Environment:
#   TAPLINE_GUEST_BUILD      work folder (default: a temporary one, removed afterwards)
#   TAPLINE_GUEST_DOWNLOADS  folder with inputs fetched earlier, used if their sums match
#   TAPLINE_DEBIAN_MIRROR    default http://deb.debian.org/debian; when Debian has moved
#                            on to newer versions, http://snapshot.debian.org/archive/…
#   TAPLINE_IPERF_GIT        a clone of iperf's repository (see recover_iperf)
#   TAPLINE_GUEST_OUT        where image/ and manifest.json go (default: this folder)
set -euo pipefail
export LC_ALL=C TZ=UTC
umask 022
unset CFLAGS CPPFLAGS LDFLAGS MAKEFLAGS KCFLAGS ARCH CROSS_COMPILE

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${TAPLINE_GUEST_OUT:-$here}
mirror=${TAPLINE_DEBIAN_MIRROR:-http://deb.debian.org/debian}
jobs=$(nproc)
lock=$here/inputs.lock

relock=false check=false keep_kernel=false
for arg in "$@"; do
	case $arg in
	--relock) relock=true ;;
	--check) check=true ;;
	--keep-kernel) keep_kernel=true ;;
	*) sed -n '4,20s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
	esac
done

# The command line the image is made for; the project reads it from manifest.json.
cmdline='console=ttyS0 quiet tsc=reliable mitigations=off'
memory_bytes=$((128 << 20))

# What goes in. Binary packages are unpacked, never installed.
debs='linux-source-6.1:all linux-libc-dev:i386 musl-dev:i386 libgcc-12-dev:i386 seabios:all'
sources='busybox ethtool iperf3 libpcap tcpdump'
# What does the work, and so decides the bytes as well; must be installed.
tools='gcc-12 binutils make flex bison bc libelf-dev xz-utils lz4 patch dpkg-dev'

say() { printf '\n== %s\n' "$*" >&2; }
die() { printf 'build.sh: %s\n' "$*" >&2; exit 1; }
sum_of() { sha256sum "$1" | cut -d' ' -f1; }

missing=
for tool in $tools; do
	dpkg-query -W -f='${Status}' "$tool" 2>/dev/null | grep -q 'ok installed' || missing+=" $tool"
done
[ -z "$missing" ] || die "install first: apt-get install$missing"

if [ -n "${TAPLINE_GUEST_BUILD:-}" ]; then
	mkdir -p "$TAPLINE_GUEST_BUILD"
	work=$(cd "$TAPLINE_GUEST_BUILD" && pwd)
else
	work=$(mktemp -d "${TMPDIR:-/tmp}/tapline-guest.XXXXXX")
	trap 'rm -rf "$work"' EXIT
fi
for old in unpacked root sysroot bin result; do rm -rf "${work:?}/$old"; done
mkdir -p "$work"/{apt/{lists/partial,archives/partial},downloads,unpacked,sysroot,bin,result}

# --- inputs ------------------------------------------------------------------

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
apt=$work/apt
for suite in bookworm bookworm-updates; do
	case $mirror:$suite in *snapshot*:bookworm-updates) continue ;; esac
	echo "deb [signed-by=$keyring] $mirror $suite main"
	echo "deb-src [signed-by=$keyring] $mirror $suite main"
done > "$apt/sources.list"
: > "$apt/status"
cat > "$apt/apt.conf" <<-CONF
	Dir::Etc::sourcelist "$apt/sources.list";
	Dir::Etc::sourceparts "-";
	Dir::Etc::preferences "/dev/null";
	Dir::Etc::preferencesparts "/dev/null";
	Dir::State "$apt";
	Dir::State::lists "$apt/lists";
	Dir::State::status "$apt/status";
	Dir::Cache "$apt";
	APT::Architectures { "amd64"; "i386"; };
	APT::Sandbox::User "";
	Acquire::Languages "none";
	Acquire::Check-Valid-Until "false";
CONF
own_apt() { APT_CONFIG=$apt/apt.conf "$@"; }

# Debian's mirrors at times lack this one upstream tarball. It is exactly what
# git makes of the tag, and the sum in the signed .dsc proves it.
recover_iperf() {
	local file=iperf3_3.12.orig.tar.gz git=${TAPLINE_IPERF_GIT:-}
	[ -e "$file" ] && return
	if [ -z "$git" ]; then
		git=$work/iperf.git
		[ -d "$git" ] || git clone -q --bare --depth 1 --branch 3.12 https://github.com/esnet/iperf.git "$git"
	fi
	git -C "$git" archive --prefix=iperf-3.12/ 3.12 | gzip -n > "$file"
}

fetch_deb() { # NAME ARCH VERSION
	local arch=$2
	[ "$arch" = all ] && arch=amd64
	own_apt apt-get -q download "$1:$arch=$3" || die "no package $1 $3 ($2)"
}

fetch_source() { # NAME VERSION
	if own_apt apt-get -q source --download-only "$1=$2"; then return; fi
	[ "$1" = iperf3 ] || die "no source package $1 $2"
	recover_iperf
	own_apt apt-get -q source --download-only "$1=$2" || die "no source package $1 $2"
}

# The files a .dsc names, and itself.
files_of_source() { # NAME VERSION
	local dsc=$1_${2#*:}.dsc
	echo "$dsc"
	sed -n '/^Checksums-Sha256:/,/^[^ ]/s/^ [0-9a-f]\{64\} [0-9]* //p' "$dsc" | grep -v '\.asc$'
}

cd "$work/downloads"
if [ -n "${TAPLINE_GUEST_DOWNLOADS:-}" ]; then cp -n "$TAPLINE_GUEST_DOWNLOADS"/* . || true; fi

if $relock; then
	say 'Looking up the versions of today'
	own_apt apt-get -q update
	{
		echo '# What build.sh builds from: kind, package, architecture, version, SHA-256, file.'
		for deb in $debs; do
			name=${deb%:*} arch=${deb#*:}
			native=$arch
			[ "$arch" = all ] && native=amd64
			version=$(own_apt apt-cache policy "$name:$native" | sed -n 's/^  Candidate: //p')
			fetch_deb "$name" "$arch" "$version" >&2
			file=${name}_${version//:/%3a}_$arch.deb
			echo "deb $name $arch $version $(sum_of "$file") $file"
		done
		for name in $sources; do
			version=$(own_apt apt-cache showsrc --only-source "$name" | sed -n 's/^Version: //p' | sort -V | tail -n 1)
			fetch_source "$name" "$version" >&2
			for file in $(files_of_source "$name" "$version"); do
				echo "src $name - $version $(sum_of "$file") $file"
			done
		done
		for tool in $tools; do
			echo "tool $tool - $(dpkg-query -W -f='${Version}' "$tool") - -"
		done
	} > "$lock.new"
	mv "$lock.new" "$lock"
fi

inputs_present() { grep -E '^(deb|src) ' "$lock" | awk '{ print $5 "  " $6 }' | sha256sum --check --quiet --strict >/dev/null 2>&1; }
if ! inputs_present; then
	say 'Fetching inputs'
	own_apt apt-get -q update
	grep -E '^(deb|src) ' "$lock" | awk '{ print $1, $2, $3, $4 }' | sort -u | while read -r kind name arch version; do
		if [ "$kind" = deb ]; then fetch_deb "$name" "$arch" "$version"; else fetch_source "$name" "$version"; fi
	done
	grep -E '^(deb|src) ' "$lock" | awk '{ print $5 "  " $6 }' | sha256sum --check --quiet --strict ||
		die 'an input is not what inputs.lock says'
fi
grep '^tool ' "$lock" | while read -r _ name _ version _; do
	have=$(dpkg-query -W -f='${Version}' "$name")
	[ "$have" = "$version" ] || echo "note: $name is $have, the lock has $version: the bytes may differ" >&2
done

say 'Unpacking'
cd "$work/unpacked"
for file in $(awk '$1 == "deb" { print $6 }' "$lock"); do
	mkdir "deb-${file%%_*}"
	dpkg-deb -x "$work/downloads/$file" "deb-${file%%_*}"
done
for file in $(awk '$1 == "src" && $6 ~ /\.dsc$/ { print $6 }' "$lock"); do
	dpkg-source --no-check -x "$work/downloads/$file" "${file%%_*}" > /dev/null
done
tar -xf deb-linux-source-6.1/usr/src/linux-source-6.1.tar.xz
linux=$work/unpacked/linux-source-6.1

# Everything that wants a date gets that of the kernel package.
zcat deb-linux-source-6.1/usr/share/doc/linux-source-6.1/changelog.Debian.gz > "$work/changelog"
SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l "$work/changelog" -S Timestamp)
export SOURCE_DATE_EPOCH

# Each line of a fragment must have survived the configuration tool, or a
# dependency has quietly switched something off (or on).
check_config() { # FRAGMENT RESULT
	local line key bad=0
	while read -r line; do
		key=${line#\# }
		key=${key%%[ =]*}
		case $line in
		'# CONFIG_'*) if grep "^$key=" "$2" >&2; then bad=1; fi ;;
		CONFIG_*) grep -qxF "$line" "$2" || { echo "missing: $line" >&2; bad=1; } ;;
		esac
	done < "$1"
	[ $bad = 0 ] || die "$(basename "$1"): not all of it holds"
}

run() { # LOG COMMAND...: quiet unless it fails
	local log=$work/$1.log
	shift
	"$@" >> "$log" 2>&1 || { tail -n 30 "$log" >&2; die "failed: $*"; }
}

# --- kernel ------------------------------------------------------------------

say 'Kernel'
cd "$linux"
export KBUILD_BUILD_USER=tapline KBUILD_BUILD_HOST=tapline KBUILD_BUILD_VERSION=1
KBUILD_BUILD_TIMESTAMP=$(date -u -d "@$SOURCE_DATE_EPOCH")
export KBUILD_BUILD_TIMESTAMP
stamp=$(cat "$lock" "$here/kernel.config" "$here"/patches/*.patch | sha256sum)
if $keep_kernel && [ -e "$work/kernel.bzImage" ] && [ "$(cat "$work/kernel.stamp" 2> /dev/null)" = "$stamp" ]; then
	echo 'taking the one built before' >&2
else
	rm -f "$work/kernel.stamp"
	for patch in "$here"/patches/*.patch; do run patch patch -p1 -N -i "$patch"; done
	make -s ARCH=i386 tinyconfig > /dev/null
	scripts/kconfig/merge_config.sh -m .config "$here/kernel.config" > /dev/null
	make -s ARCH=i386 olddefconfig 2> /dev/null
	check_config "$here/kernel.config" .config
	run kernel make -s -j"$jobs" ARCH=i386 bzImage
	cp .config System.map "$work/"
	cp arch/x86/boot/bzImage "$work/kernel.bzImage"
	echo "$stamp" > "$work/kernel.stamp"
fi
cp "$work/kernel.bzImage" "$work/result/bzImage"

# --- tool chain: Debian's compiler, musl's headers and library for i386 -------

say 'Programs'
cd "$work/unpacked"
sysroot=$work/sysroot
cp -r deb-musl-dev/usr/include/i386-linux-musl "$sysroot/include"
cp -r deb-musl-dev/usr/lib/i386-linux-musl "$sysroot/lib"
cp -r deb-linux-libc-dev/usr/include/{linux,asm-generic,mtd,misc} deb-linux-libc-dev/usr/include/i386-linux-gnu/asm "$sysroot/include/"
cp "$(find deb-libgcc-12-dev -name libgcc.a -path '*/12/libgcc.a')" "$sysroot/lib/"
compiler_include=$(gcc-12 -print-file-name=include)
# As musl's own spec file, with the paths of this work folder.
cat > "$sysroot/musl.specs" <<SPECS
%rename cpp_options old_cpp_options

*cpp_options:
-nostdinc -isystem $sysroot/include -isystem $compiler_include %(old_cpp_options)

*cc1:
%(cc1_cpu) -nostdinc -isystem $sysroot/include -isystem $compiler_include

*link_libgcc:
-L$sysroot/lib

*libgcc:
$sysroot/lib/libgcc.a

*startfile:
$sysroot/lib/crt1.o $sysroot/lib/crti.o

*endfile:
$sysroot/lib/crtn.o

*link:
-m elf_i386 -nostdlib -static --build-id=none

*esp_link:


*esp_options:


*esp_cpp_options:


SPECS
cat > "$sysroot/cc" <<CC
#!/bin/sh
exec gcc-12 -m32 -march=i686 -mtune=generic -fno-pie -no-pie -static -specs=$sysroot/musl.specs -ffile-prefix-map=$work=. "\$@"
CC
chmod +x "$sysroot/cc"
cc=$sysroot/cc
sections='-ffunction-sections -fdata-sections'

configure() { # NAME CFLAGS OPTIONS...
	local name=$1 cflags=$2
	shift 2
	run "$name" ./configure --build=x86_64-linux-gnu --host=i686-linux-musl CC="$cc" CFLAGS="$cflags $sections" \
		LDFLAGS=-Wl,--gc-sections "$@"
}

cd "$work/unpacked/busybox"
# Debian's static configuration, less its lines on what busybox.config decides.
sed -n 's/^\(# \)\{0,1\}\(CONFIG_[A-Za-z0-9_]*\).*/^(# )?\2[ =]/p' "$here/busybox.config" > "$work/keys"
{
	grep -vE -f "$work/keys" debian/config/pkg/static
	cat "$here/busybox.config"
} > .config
(yes '' || true) | make oldconfig > "$work/busybox.log" 2>&1
check_config "$here/busybox.config" .config
run busybox make -j"$jobs" CC="$cc" HOSTCC=gcc-12 busybox
cp busybox "$work/bin/busybox"

# Capture needs neither USB nor D-Bus, and libpcap would otherwise look for them.
cd "$work/unpacked/libpcap"
configure libpcap -Os --disable-shared --with-pcap=linux --without-libnl --without-dag --without-dpdk \
	--disable-usb --disable-bluetooth --disable-dbus --disable-rdma --disable-netmap
run libpcap make -j"$jobs" libpcap.a

# tcpdump takes ../libpcap* when it lies beside it. No crypto: nothing here
# decrypts ESP, and libcrypto is larger than all the rest.
cd "$work/unpacked/tcpdump"
configure tcpdump -Os --without-crypto --without-cap-ng --without-smi --disable-smb
run tcpdump make -j"$jobs"
strip -o "$work/bin/tcpdump" tcpdump

# Without OpenSSL iperf3 lacks --username and its kin, nothing else.
cd "$work/unpacked/iperf3"
configure iperf3 -O2 --disable-shared --enable-static --without-openssl --without-sctp
run iperf3 make -j"$jobs" -C src iperf3
strip -o "$work/bin/iperf3" src/iperf3

# The ioctl interface does all the labs need; the netlink one wants libmnl.
# musl's headers name the BSD integer types only on request.
cd "$work/unpacked/ethtool"
configure ethtool '-Os -D_GNU_SOURCE -include sys/types.h' --disable-netlink
run ethtool make -j"$jobs" ethtool
strip -o "$work/bin/ethtool" ethtool

for helper in agent carrierd; do
	# shellcheck disable=SC2086
	"$cc" -std=c11 -Wall -Wextra -Werror -Os -s $sections -Wl,--gc-sections -o "$work/bin/$helper" "$here/src/$helper.c"
done

# --- root file system ----------------------------------------------------------

say 'Root file system'
root=$work/root
mkdir -p "$root"/{bin,sbin,usr/bin,usr/sbin}
cp -r "$here/overlay/." "$root/"
cp "$work/bin/busybox" "$root/bin/"
cp "$work/bin/tcpdump" "$work/bin/iperf3" "$root/usr/bin/"
cp "$work/bin/ethtool" "$root/usr/sbin/"
cp "$work/bin/carrierd" "$root/sbin/"
cp "$work/bin/agent" "$root/sbin/lab-agent"
ln -s ../../sbin/lab-agent "$root/usr/bin/lab-get"

# The kernel's own gen_init_cpio writes owners, modes and numbers from a list, so
# nothing depends on this machine's file system, and no root is needed. Only the
# times of regular files it takes from the files, whatever -t says.
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
gcc-12 -O2 -o "$work/gen_init_cpio" "$linux/usr/gen_init_cpio.c"
{
	echo 'dir / 0755 0 0'
	for dir in dev mnt proc run sys tmp var; do echo "dir /$dir 0755 0 0"; done
	echo 'dir /root 0700 0 0'
	# The kernel opens this before anything is mounted.
	echo 'nod /dev/console 0600 0 0 c 5 1'
	echo 'slink /init bin/busybox 0777 0 0'
	cd "$root"
	find . -mindepth 1 -printf '%P\n' | sort | while read -r path; do
		if [ -L "$path" ]; then
			echo "slink /$path $(readlink "$path") 0777 0 0"
		elif [ -d "$path" ]; then
			[ "$path" = root ] || echo "dir /$path 0755 0 0"
		elif [ -x "$path" ]; then
			echo "file /$path $root/$path 0755 0 0"
		else
			echo "file /$path $root/$path 0644 0 0"
		fi
	done
	"$work/bin/busybox" --list-full | sort | while read -r applet; do
		case $applet in
		bin/busybox) ;;
		*/*) [ -e "$root/$applet" ] || echo "slink /$applet /bin/busybox 0777 0 0" ;;
		esac
	done
} > "$work/initrd.list"
"$work/gen_init_cpio" -t "$SOURCE_DATE_EPOCH" "$work/initrd.list" > "$work/initrd.cpio"
# The kernel reads lz4's old frame format only (-l).
lz4 -l -9 -q -f "$work/initrd.cpio" "$work/result/initrd.img"

cp "$work/unpacked/deb-seabios/usr/share/seabios/bios.bin" "$work/result/bios.bin"
[ "$(stat -c %s "$work/result/bios.bin")" = 131072 ] || die 'bios.bin is not 128 KiB'

# --- provenance, licences, manifest ----------------------------------------------

say 'Provenance'
cd "$work/result"
licences=$work/result/licences
mkdir "$licences"
common=/usr/share/common-licenses
cp "$common/GPL-2" "$common/GPL-3" "$common/LGPL-2.1" "$common/LGPL-3" "$licences/"
for package in linux-source-6.1 seabios musl-dev; do
	cp "$work/unpacked/deb-$package/usr/share/doc/$package/copyright" "$licences/${package%%-*}.copyright"
done
cp "$linux/LICENSES/exceptions/Linux-syscall-note" "$licences/"
for name in $sources; do cp "$work/unpacked/$name/debian/copyright" "$licences/$name.copyright"; done
# libgcc-12-dev refers to gcc-12-base for it, which comes with the compiler.
cp /usr/share/doc/gcc-12-base/copyright "$licences/libgcc.copyright"
chmod 0644 "$licences"/*

version_of() { awk -v name="$1" '$2 == name { print $4; exit }' "$lock"; }
images='bzImage initrd.img bios.bin'
{
	echo '{'
	echo '  "inputs": ['
	grep -E '^(deb|src) ' "$lock" | awk '{
		printf "%s    {\"kind\": \"%s\", \"package\": \"%s\", \"architecture\": \"%s\", \"version\": \"%s\", \"file\": \"%s\", \"sha256\": \"%s\"}",
			(NR > 1 ? ",\n" : ""), $1 == "deb" ? "binary" : "source", $2, $3 == "-" ? "source" : $3, $4, $6, $5 } END { print "" }'
	echo '  ],'
	echo '  "tools": ['
	for tool in $tools; do echo "    {\"package\": \"$tool\", \"version\": \"$(dpkg-query -W -f='${Version}' "$tool")\"},"; done | sed '$s/,$//'
	echo '  ],'
	echo '  "own": ['
	(cd "$here" && { echo build.sh; echo kernel.config; echo busybox.config; find overlay patches src -type f; } | sort | while read -r file; do
		echo "    {\"file\": \"$file\", \"sha256\": \"$(sum_of "$file")\"},"
	done | sed '$s/,$//')
	echo '  ],'
	echo '  "outputs": ['
	for image in $images; do
		echo "    {\"file\": \"$image\", \"bytes\": $(stat -c %s "$image"), \"sha256\": \"$(sum_of "$image")\"},"
	done | sed '$s/,$//'
	echo '  ]'
	echo '}'
} > provenance.json

{
	cat <<-'HEAD'
		# Where these files come from

		Written by `../build.sh`; `provenance.json` holds the same for programs. Every input is a file of Debian 12,
		fetched through apt, which checks Debian's signatures, and held to the SHA-256 in `../inputs.lock`.

		| file | bytes | SHA-256 |
		| --- | --- | --- |
	HEAD
	for image in $images; do echo "| \`$image\` | $(stat -c %s "$image") | \`$(sum_of "$image")\` |"; done
	cat <<-'HEAD'

		## What is in them

		| part | where | built from | licence |
		| --- | --- | --- | --- |
	HEAD
	row() { echo "| $1 | \`$2\` | $3 $(version_of "$3") | $4 |"; }
	row Linux bzImage linux-source-6.1 'GPL-2.0 with syscall note (`licences/linux.copyright`)'
	row SeaBIOS bios.bin seabios 'LGPL-3 (`licences/seabios.copyright`), unchanged from the binary package'
	row busybox initrd.img busybox 'GPL-2.0 (`licences/busybox.copyright`)'
	row tcpdump initrd.img tcpdump 'BSD (`licences/tcpdump.copyright`)'
	row libpcap initrd.img libpcap 'BSD (`licences/libpcap.copyright`), inside tcpdump'
	row iperf3 initrd.img iperf3 'BSD (`licences/iperf3.copyright`)'
	row ethtool initrd.img ethtool 'GPL-2.0 (`licences/ethtool.copyright`)'
	row musl initrd.img musl-dev 'MIT (`licences/musl.copyright`), linked into every program'
	row libgcc initrd.img libgcc-12-dev 'GPL-3 with the runtime library exception (`licences/libgcc.copyright`), linked into every program'
	echo '| agent, carrier watcher, overlay | `initrd.img` | `../src`, `../overlay` | MIT, this project |'
	cat <<-'HEAD'

		## Corresponding source

		`apt-get source NAME=VERSION` on Debian 12 with `deb-src` switched on, or http://snapshot.debian.org/package/NAME/VERSION/ for ever.
		The kernel's source is the package itself (`linux-source-6.1`; Debian source package `linux`) with the patches in `../patches`; nothing else
		is changed beyond what Debian's source packages hold. `../kernel.config`, `../busybox.config` and `../build.sh` say how each was built.

		| Debian source package | version |
		| --- | --- |
	HEAD
	echo "| linux | $(version_of linux-source-6.1) |"
	echo "| seabios | $(version_of seabios) |"
	for name in $sources; do echo "| $name | $(version_of "$name") |"; done
	echo "| musl | $(version_of musl-dev) |"
	echo "| gcc-12 (libgcc) | $(version_of libgcc-12-dev) |"
	cat <<-'HEAD'

		## Inputs

		| kind | package | architecture | version | file | SHA-256 |
		| --- | --- | --- | --- | --- | --- |
	HEAD
	grep -E '^(deb|src) ' "$lock" | awk '{ print "| " $1 " | " $2 " | " $3 " | " $4 " | `" $6 "` | `" $5 "` |" }'
	cat <<-'HEAD'

		## Tools that did the work

		| package | version |
		| --- | --- |
	HEAD
	for tool in $tools; do echo "| $tool | $(dpkg-query -W -f='${Version}' "$tool") |"; done
} > PROVENANCE.md

entry() { # KEY FILE COMMA
	printf '    "%s": {"path": "image/%s", "bytes": %s, "sha256": "%s"}%s\n' "$1" "$2" "$(stat -c %s "$2")" "$(sum_of "$2")" "$3"
}
{
	echo '{'
	echo '  "files": {'
	entry bzImage bzImage ,
	entry initrd initrd.img ,
	entry bios bios.bin ''
	echo '  },'
	echo "  \"cmdline\": \"$cmdline\","
	echo "  \"memoryBytes\": $memory_bytes"
	echo '}'
} > "$work/manifest.json"

total=0
for image in $images; do total=$((total + $(stat -c %s "$image"))); done
say "bzImage $(stat -c %s bzImage), initrd.img $(stat -c %s initrd.img), bios.bin $(stat -c %s bios.bin): $total bytes"
[ "$total" -le 7500000 ] || die 'the image has grown past 7.5 MB'

if $check; then
	{ diff -r "$work/result" "$out/image" && diff "$work/manifest.json" "$out/manifest.json"; } ||
		die 'this build differs from what is committed'
	say 'Identical to what is committed'
else
	mkdir -p "$out/image"
	rm -rf "$out/image/licences"
	cp -r "$work/result/." "$out/image/"
	cp "$work/manifest.json" "$out/manifest.json"
fi
