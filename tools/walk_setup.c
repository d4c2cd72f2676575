/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include <inttypes.h>
#include <string.h>

/* ---------------------------------------------------------------- the registers */

/*
 * What is assumed is said, so that nobody takes a guess for a fact; but not before it is known to
 * be of use, so that an error stands alone.
 */
static void assume(struct walk_session *session, const char *text)
{
	session->assumed[session->nr_assumed++] = text;
}

static void say_assumed(const struct walk_session *session)
{
	for (unsigned i = 0; i < session->nr_assumed && !session->options->quiet; i++)
		complain("walk", "%s", session->assumed[i]);
}

static bool registers_of_cpu(struct walk_session *session)
{
	const struct walk_options *options = session->options;
	struct udv_paging_config *config = &session->config;
	struct udv_image_cpu cpu;
	unsigned index = options->cpu > UINT32_MAX ? UINT32_MAX : (unsigned)options->cpu;

	if (udv_image_cpu(&session->image, index, &cpu) != UDV_OK) {
		complain("walk", "--cpu %" PRIu64 ": the image has the registers of %u CPUs",
			 options->cpu, session->image.nr_cpus);
		return false;
	}
	config->cr0 = cpu.cr0;
	config->cr3 = cpu.cr3;
	config->cr4 = cpu.cr4;
	config->efer = cpu.long_mode ? UDV_EFER_LME | UDV_EFER_LMA | UDV_EFER_NXE : UDV_EFER_NXE;
	if (!(options->given & GIVEN_EFER) && (cpu.cr0 & UDV_CR0_PG))
		assume(session,
		       cpu.long_mode ? "EFER is not in the image: long mode and NXE = 1 assumed"
				     : "EFER is not in the image: legacy mode and NXE = 1 assumed");
	return true;
}

/* Without registers in the image: what a system of today runs with. */
static void assume_registers(struct walk_session *session)
{
	const struct walk_options *options = session->options;
	const struct udv_image_kernel *kernel = &session->image.kernel;
	struct udv_paging_config *config = &session->config;
	bool legacy = options->given & GIVEN_PDPTE;

	config->cr0 = UDV_CR0_PE | UDV_CR0_ET | UDV_CR0_NE | UDV_CR0_WP | UDV_CR0_PG;
	config->cr4 = UDV_CR4_PAE;
	if (kernel->flags & UDV_IMAGE_KERNEL_LA57)
		config->cr4 |= UDV_CR4_LA57;
	if (kernel->flags & UDV_IMAGE_KERNEL_CR3)
		config->cr3 = kernel->cr3;
	if ((options->given & GIVEN_CR4) && !(options->cr4 & UDV_CR4_PAE))
		legacy = true;
	if ((options->given & GIVEN_CR0) && !(options->cr0 & UDV_CR0_PG))
		legacy = true;
	config->efer = legacy ? UDV_EFER_NXE : UDV_EFER_LME | UDV_EFER_LMA | UDV_EFER_NXE;
	if (!(options->given & GIVEN_CR3) && (kernel->flags & UDV_IMAGE_KERNEL_CR3))
		assume(session, "CR3 of the kernel taken from the image's vmcoreinfo");
	if ((options->given & (GIVEN_CR0 | GIVEN_CR4 | GIVEN_EFER)) == 0)
		assume(session, config->cr4 & UDV_CR4_LA57
					? "assumed: 64-bit mode, 5-level paging, WP = 1, NXE = 1"
				: legacy ? "assumed: PAE paging, WP = 1, NXE = 1"
					 : "assumed: 64-bit mode, 4-level paging, WP = 1, NXE = 1");
}

static bool choose_registers(struct walk_session *session)
{
	const struct walk_options *options = session->options;
	struct udv_paging_config *config = &session->config;
	uint32_t given = options->given;

	if (options->gpa) {
		/* Linear addresses play no part; any valid set will do. */
		config->cr0 = UDV_CR0_PE;
	} else if (session->image.nr_cpus > 0 || (given & GIVEN_CPU)) {
		if (!registers_of_cpu(session))
			return false;
	} else {
		assume_registers(session);
		if (!(given & GIVEN_CR3) && config->cr3 == 0 &&
		    (!(given & GIVEN_CR0) || (options->cr0 & UDV_CR0_PG))) {
			complain("walk", "%s: no registers in the image; give --cr3",
				 options->image);
			return false;
		}
	}
	if (given & GIVEN_CR0)
		config->cr0 = options->cr0;
	if (given & GIVEN_CR3)
		config->cr3 = options->cr3;
	if (given & GIVEN_CR4)
		config->cr4 = options->cr4;
	if (given & GIVEN_EFER)
		config->efer = options->efer;
	return true;
}

static void configure_rest(struct walk_session *session)
{
	const struct walk_options *options = session->options;
	struct udv_paging_config *config = &session->config;

	memcpy(config->pdpte, options->pdpte, sizeof(config->pdpte));
	config->pkru = (uint32_t)options->pkru;
	config->pkrs = (uint32_t)options->pkrs;
	config->features = options->features;
	config->guest_maxphyaddr = (uint8_t)options->guest_maxphyaddr;
	config->ept = options->given & GIVEN_EPTP;
	config->maxphyaddr = (uint8_t)options->maxphyaddr;
	config->ept_controls = options->ept_controls;
	config->eptp = options->eptp;
	config->ept_vpid_cap = options->ept_cap;
	config->sppt_pointer = options->sppt;
	config->ve_information = options->ve;
	if (options->given & GIVEN_VE)
		config->ept_controls |= UDV_EPT_VE;
}

/*
 * A PAE processor holds its PDPTEs in registers that no image has. They are read again from the
 * table at CR3, which is right unless that table was changed after the last load.
 */
static int load_pdptes(struct walk_session *session)
{
	struct udv_walk_result result;
	enum udv_outcome outcome;

	if (session->paging.mode != UDV_PAGING_PAE || (session->options->given & GIVEN_PDPTE) ||
	    session->options->gpa)
		return WALK_TRANSLATED;
	outcome = udv_load_pdptes(&session->paging, UDV_ACCESS_PEEK, session->config.cr3,
				  session->config.pdpte, &result);
	if (outcome == UDV_WALK_OK &&
	    udv_paging_init(&session->paging, &session->config, &session->memory) == UDV_OK)
		return WALK_TRANSLATED;
	complain("walk",
		 "the PDPTEs at CR3 = 0x%" PRIx64
		 " cannot be loaded: %s at guest-physical 0x%" PRIx64 "; give --pdpte",
		 session->config.cr3, udv_outcome_text(outcome), result.gpa.value);
	return outcome == UDV_WALK_NO_MEMORY ? WALK_OUTSIDE : WALK_REFUSED;
}

int walk_open(struct walk_session *session, const struct walk_options *options)
{
	const struct udv_image_options how = { .format = options->format,
					       .raw_base = options->base };
	int status;

	*session = (struct walk_session){ .options = options };
	if (!image_file_open(&session->file, "walk", options->image, &how))
		return WALK_BAD_IMAGE;
	session->image = session->file.image;
	if ((options->given & GIVEN_BASE) && session->image.format != UDV_IMAGE_RAW) {
		complain("walk", "--base is for raw images; %s is %s", options->image,
			 udv_image_format_text(session->image.format));
		return EXIT_USAGE;
	}
	udv_image_memory(&session->image, &session->memory);
	if (!choose_registers(session))
		return EXIT_USAGE;
	configure_rest(session);
	if (udv_paging_init(&session->paging, &session->config, &session->memory) != UDV_OK) {
		const char *problem = udv_paging_problem(&session->config);

		complain("walk", "no processor could hold these registers: %s",
			 problem ? problem : "invalid configuration");
		return EXIT_USAGE;
	}
	status = load_pdptes(session);
	if (status == WALK_TRANSLATED)
		say_assumed(session);
	return status;
}

void walk_close(struct walk_session *session)
{
	image_file_close(&session->file);
}
