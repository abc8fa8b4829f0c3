# Start Bulkhead from the partition that this script lies on.
# The bundle is itself a FIT, in which booti would look for a ramdisk of its own; so its
# place is written into the tree here (`fdt chosen` differs from version to version).
load ${devtype} ${devnum}:${distro_bootpart} ${kernel_addr_r} bulkhead.bin
load ${devtype} ${devnum}:${distro_bootpart} ${ramdisk_addr_r} bulkhead.itb
setexpr bundle_end ${ramdisk_addr_r} + ${filesize}
fdt addr ${fdt_addr}
fdt resize
fdt set /chosen linux,initrd-start <${ramdisk_addr_r}>
fdt set /chosen linux,initrd-end <0x${bundle_end}>
booti ${kernel_addr_r} - ${fdt_addr}
