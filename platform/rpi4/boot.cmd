# Start Bulkhead from one of two slots: partition 2 is slot a, partition 3 slot b.
#
# Sector 0x40 of the card, before the first partition, says which (README.md): slot is the
# one to start; with trial=1 it was never confirmed, and bootcount are the starts that it had.
# With counted=1, which Linux writes when it is up, those of a confirmed slot are counted too,
# and Linux clears them: one that never comes up gives way to the other.
# A copy, sector 0x400, is written before it: of the two at most one is torn, and 0x40 is
# read first. With neither, slot a is started.
#
# A slot is started only when its two files are as they were made: each is a U-Boot image, with
# its checksum in 0x40 bytes before the contents. (Debian's U-Boot for this board knows no
# FIT.) A mark is put behind each, so that a file cut short is not made whole by what memory
# held before; and the bundle must be one, a tree with a configuration in it.
#
# Memory: 0x00200000 the hypervisor, 0x02400000 this script, 0x02600000 the sector,
# 0x04000000 the bundle, 0x0e000000 the tree. Firmware may put the tree where the Linux guest
# is to be (seen on boards: 0x2eff2e00), so it is moved out of the way.
setenv slot a
setenv trial 0
setenv bootcount 0
setenv counted 0
setenv bootlimit 3
setenv state 0x02600000
setenv save_state 'env export -c -s 0x200 ${state} slot trial bootcount counted && mmc dev ${devnum} && mmc write ${state} 0x400 1 && mmc write ${state} 0x40 1'
setenv load_state 'mmc dev ${devnum} && mmc read ${state} ${sector} 1 && env import -c ${state} 0x200 slot trial bootcount counted'
setenv sector 0x40
run load_state || setenv sector 0x400
if test "${sector}" = 0x400; then
	if run load_state; then
		# Mended first, since the next to be written is the copy.
		mmc write ${state} 0x40 1
	else
		echo "slots: no valid state: slot a first"
	fi
fi
if test "${slot}" = b; then setenv other a; else setenv slot a; setenv other b; fi
if test "${trial}" = 1 -o "${counted}" = 1; then
	if test ${bootcount} -ge ${bootlimit}; then
		if test "${trial}" = 1; then setenv why "never confirmed"; else setenv why "its Linux never came up"; fi
		echo "slots: ${slot} was started ${bootcount} times and ${why}: back to ${other}"
		setenv failed ${slot}
		setenv slot ${other}
		setenv other ${failed}
		setenv trial 0
		setenv bootcount 0
	else
		setexpr bootcount ${bootcount} + 1
		if test "${trial}" = 1; then
			echo "slots: ${slot} on trial, start ${bootcount} of ${bootlimit}"
		elif test ${bootcount} -gt 1; then
			echo "slots: ${slot}: start ${bootcount} of ${bootlimit} since its Linux was last up"
		fi
	fi
	run save_state
fi
setenv mark_end 'mw.b ${end} 0x5a 0x1000'
# Bulkhead resets the board when nothing of the slot runs: a trial counts on, the other is next.
# booti would look for a ramdisk in the bundle, so its place is written into the tree here.
setenv start 'fdt addr ${fdt_addr} && fdt move ${fdt_addr} 0x0e000000 0x20000 && setenv fdt_addr 0x0e000000 && fdt set /chosen linux,initrd-start <0x04000000> && fdt set /chosen linux,initrd-end <0x${end}> && fdt set /chosen bulkhead,slot ${s} && fdt set /chosen bulkhead,on-failure reset && booti 0x00200000 - ${fdt_addr}'
for s in ${slot} ${other}; do
	if test "${s}" = a; then setenv part 2; else setenv part 3; fi
	setenv bad
	load mmc ${devnum}:${part} 0x001fffc0 bulkhead.img || setenv bad "bulkhead.img cannot be read"
	if test -z "${bad}"; then
		setexpr end 0x001fffc0 + ${filesize}
		run mark_end
		iminfo 0x001fffc0 || setenv bad "bulkhead.img is damaged"
	fi
	if test -z "${bad}"; then
		load mmc ${devnum}:${part} 0x03ffffc0 bundle.img || setenv bad "bundle.img cannot be read"
	fi
	if test -z "${bad}"; then
		setexpr end 0x03ffffc0 + ${filesize}
		run mark_end
		iminfo 0x03ffffc0 || setenv bad "bundle.img is damaged"
	fi
	if test -z "${bad}"; then
		fdt addr 0x04000000 || setenv bad "bundle.img holds no bundle"
	fi
	if test -z "${bad}"; then
		fdt list /configurations || setenv bad "bundle.img holds no bundle"
	fi
	if test -z "${bad}"; then
		echo "slots: starting ${s}"
		# What runs is what an update must leave alone, so the sector says that.
		if test "${s}" != "${slot}"; then
			setenv slot ${s}
			setenv trial 0
			setenv bootcount 0
			run save_state
		fi
		run start
		setenv bad "did not start"
	fi
	echo "slots: ${s}: ${bad}"
done
echo "slots: neither slot can be started: write the card again, or one slot (platform/rpi4/README.md)"
