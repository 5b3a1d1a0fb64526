# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Trees that cannot be used, and programs in them that do not start.

fault 'a tree that is not there' R2031 'Failed to resolve path' 'names a directory' \
        'mv $T $WORK/d/web' "$R true" 'mv $WORK/d/web $T'
fault 'a file in place of a tree' R2032 'is not a directory' '--image=' \
        'rm -rf $T; echo x >$T' "$R true" 'rm $T; cp -a $WORK/base $T'
fault 'an empty folder' R2033 "doesn't look like it has an OS tree" 'fill it' \
        'rm -rf $T/*' "$R true" 'cp -a $WORK/base/. $T'
fault 'the root a folder further down' R2033 "doesn't look like it has an OS tree" 'try -D .*/rootfs' \
        'mkdir $WORK/d/rootfs; mv $T/* $WORK/d/rootfs; mv $WORK/d/rootfs $T' "$R true" 'instead $REDD run -q -D $T/rootfs true'
fault 'no sign of a system' R2034 'os-release file is missing' 'os-release' \
        'rm $T/usr/lib/os-release $T/etc/os-release; printf "exit 0\n" >$T/on-start' "$R -b" 'echo ID=x >$T/etc/os-release'
fault 'an init that is missing' R2402 'execv\(.*init.*failed' 'init' \
        'rm $T/usr/sbin/init $T/usr/bin/init' "$REDD start web" 'cp -a $WORK/base/usr/sbin/init $T/usr/sbin'
fault 'an init for another processor' R2011 'is a program for .*, and this machine is' 'use a tree for' \
        'rm $T/usr/bin/init; cp $T/usr/bin/busybox $T/usr/sbin/init; printf "\267\0" | dd of=$T/usr/sbin/init bs=1 seek=18 conv=notrunc' \
        "$REDD start web" 'rm $T/usr/sbin/init; cp -a $WORK/base/usr/sbin/init $T/usr/sbin'
fault 'a program for another processor' R2011 'is a program for .*, and this machine is' 'use a tree for' \
        'printf "\267\0" | dd of=$T/usr/bin/helper bs=1 seek=18 conv=notrunc' "$R helper exit 0" 'cp $WORK/base/usr/bin/helper $T/usr/bin'
fault 'a file system with noexec' R2008 'noexec' 'mount -o remount,exec' \
        'mv $T $WORK/d/web; mkdir $T; mount -t tmpfs -o noexec none $T; cp -a $WORK/d/web/. $T' "$R true" said
fault 'a program without the mode for it' R2014 'is not executable' 'chmod a\+x' \
        'chmod a-x $T/usr/bin/helper' "$R helper exit 0" 'chmod a+x $T/usr/bin/helper'
fault 'a program that is empty' R2015 'is empty' 'anew' \
        ': >$T/usr/bin/helper' "$R helper exit 0" 'cp $WORK/base/usr/bin/helper $T/usr/bin'
fault 'a text without #!' R2015 'neither a program nor a script' '#!/bin/sh' \
        'echo exit 0 >$T/usr/bin/helper' "$R helper" 'sed -i 1i#!/bin/sh $T/usr/bin/helper'
fault 'a script whose interpreter is missing' R2012 'needs the interpreter /bin/perl' 'install the interpreter' \
        'printf "#!/bin/perl\n" >$T/usr/bin/helper' "$R helper" 'printf "#!/bin/sh\nexit 0\n" >$T/bin/perl; chmod 755 $T/bin/perl; sed -i 1s/perl/sh/ $T/usr/bin/helper'
fault 'a program whose loader is missing' R2012 'needs the loader' 'C library' \
        'cp /bin/true $T/usr/bin/helper' "$R helper" \
        'for lib in $(ldd /bin/true | grep -o "/[^ ]*"); do mkdir -p $T${lib%/*}; cp -L $lib $T$lib; done'
fault 'a folder in place of a program' R2010 'is a directory, not a program' 'path of a program' \
        'rm $T/usr/bin/helper; mkdir $T/usr/bin/helper' "$R /usr/bin/helper exit 0" 'rmdir $T/usr/bin/helper; cp $WORK/base/usr/bin/helper $T/usr/bin'
fault 'a program that is nowhere' R2401 'execv' 'PATH' \
        'rm $T/usr/bin/helper' "$R helper exit 0" 'cp $WORK/base/usr/bin/helper $T/usr/bin'
fault 'no shell' R2403 'execv\(/bin/bash, /bin/sh\) failed' 'name the program' \
        'rm $T/usr/bin/sh' "$R" 'instead $R true'
fault 'a folder to start in that is not there' R2404 'no folder /srv/app' 'chdir' \
        ':' "$R --chdir=/srv/app true" 'mkdir -p $T/srv/app'
fault 'an account that is not there' R2601 'Failed to resolve user bob' 'passwd' \
        ':' "$R --uid=bob true" 'echo bob:x:1001:1001::/:/bin/sh >>$T/etc/passwd'
fault 'accounts that cannot be read' R2602 "cannot read the container's /etc/passwd" 'passwd' \
        'rm $T/etc/passwd; mkfifo $T/etc/passwd' "$R --uid=alice true" 'rm $T/etc/passwd; cp $WORK/base/etc/passwd $T/etc'
fault 'a tree whose user and group are of two ranges' R2221 'base of .* don.t match' 'private-users=' \
        'chown 65536:131072 $T' "$R --private-users=yes true" 'chown 65536:65536 $T'
fault 'an immutable file' R2211 'cannot change the owner of' 'chattr' \
        'chattr +i $T/etc/group' "$R --private-users=65536 --private-users-ownership=chown true" 'chattr -i $T/etc/group'
fault 'owners to change in what is read-only' R2004 'used read-only' 'private-users-ownership=map' \
        ':' "$R --volatile=overlay --private-users=65536 --private-users-ownership=chown true" \
        'instead $R --volatile=overlay --private-users=65536 --private-users-ownership=map true'
fault 'a volatile system without merged folders' R2006 'have not merged' 'volatile=overlay' \
        'rm $T/bin; mv $T/usr/bin $T/bin; mkdir $T/usr/bin' "$R --volatile=yes true" 'instead $R --volatile=overlay true'
fault 'versions of which none fits' R2007 'No matching entries' 'VERSION' \
        'mkdir $WORK/d/web.v; mv $T $WORK/d/web.v/other' "$REDD run -q -D $WORK/d/web.v true" 'mv $WORK/d/web.v/other $WORK/d/web.v/web_1'
fault 'a template for a folder that is not there' R2303 'for want of' 'mkdir|last directory' \
        ':' "$REDD run -q -D $WORK/d/a/b --template=$T true" 'mkdir $WORK/d/a'
fault 'a full disk' R2301 'No space left' 'space' \
        'mkdir -p $WORK/m/full; mount -t tmpfs -o size=512k none $WORK/m/full' "$REDD run -q -D $WORK/m/full/web --template=$T true" \
        'mount -o remount,size=64m $WORK/m/full'
fault 'the settings cannot be read' R1302 'cannot read' 'settings=no' \
        'mkdir /etc/systemd/nspawn/web.nspawn' "$R true" 'instead $R --settings=no true'
fault 'a section that does not end' R1301 'web.nspawn:1' '\[Exec\]' \
        'printf "[Exec\nBoot=no\n" >/etc/systemd/nspawn/web.nspawn' "$R true" 'printf "[Exec]\nBoot=no\n" >/etc/systemd/nspawn/web.nspawn'
fault 'a misspelt key' R1001 "unrecognized option '--netwrk-veth'" 'did you mean --network-veth' \
        ':' "$R --netwrk-veth true" 'instead $R --network-veth true'
fault 'a file to bind that is not there' R2412 'cannot bind .*/d/data' 'mkdir -p' \
        ':' "$R --bind=$WORK/d/data:/data true" said
fault 'a layer that is not there' R2413 'cannot open .*/d/lower' 'mkdir -p' \
        ':' "$R --overlay=$WORK/d/lower::/data true" said
fault 'a credential that cannot be read' R2630 'Failed to read credential' 'into a file' \
        ':' "$R --load-credential=key:$WORK/d/key true" 'echo secret >$WORK/d/key'
