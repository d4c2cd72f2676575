/* SPDX-License-Identifier: MIT */
/* The example of docs/embedding-machine.md: a machine with a device of one's own. */
#include <inttypes.h>
#include <stdio.h>
#include <undervisor/machine.h>

/* Real mode: reads a byte from port 500H, sends it to COM1, until it is 0; then debug exit 0. */
static const uint8_t code[] = {
	0xba, 0x00, 0x05,	/* 1: mov $0x500, %dx */
	0xec, 0x84, 0xc0,	/*    in %dx, %al; test %al, %al */
	0x74, 0x06,		/*    jz 2f */
	0xba, 0xf8, 0x03, 0xee, /*    mov $0x3f8, %dx; out %al, %dx */
	0xeb, 0xf2,		/*    jmp 1b */
	0xe6, 0xf4,		/* 2: out %al, $0xf4 */
};

static uint64_t next_byte(void *opaque, uint64_t offset, unsigned size)
{
	const char **text = opaque;

	(void)offset, (void)size;
	return **text ? (uint8_t) * (*text)++ : 0;
}

static void print_byte(void *opaque, uint8_t byte)
{
	(void)opaque;
	putchar(byte);
}

int main(void)
{
	const char *text = "from the host, through the guest\n";
	struct udv_machine_config config = { .memory = 16 << 20, .serial = print_byte };
	struct udv_hook device = { .read = next_byte, .opaque = &text };
	struct udv_registers registers;
	struct udv_stop_info info;
	struct udv_machine *machine;
	struct udv_problem problem;

	if (udv_machine_create(&config, &machine, &problem) != UDV_OK) {
		printf("refused: %s\n", problem.text);
		return 1;
	}
	udv_machine_hook_ports(machine, 0x500, 1, &device);
	udv_machine_write(machine, UDV_GPA(0x1000), code, sizeof(code));
	udv_machine_get_registers(machine, 0, &registers);
	registers.segment[UDV_CS].base = 0;
	registers.rip = 0x1000;
	udv_machine_set_registers(machine, 0, &registers);
	udv_machine_run(machine, 1000000, &info);
	printf("%s %u after %" PRIu64 " instructions\n", udv_stop_text(info.stop), info.value,
	       info.instructions);
	udv_machine_destroy(machine);
	return 0;
}
