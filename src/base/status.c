/* SPDX-License-Identifier: MIT */
#include <undervisor/status.h>

const char *udv_status_text(enum udv_status status)
{
	switch (status) {
	case UDV_OK:
		return "ok";
	case UDV_ERR_ARGUMENT:
		return "argument out of range";
	case UDV_ERR_UNSUPPORTED:
		return "not supported";
	case UDV_ERR_FORMAT:
		return "malformed data";
	case UDV_ERR_TRUNCATED:
		return "data ends too early";
	case UDV_ERR_IO:
		return "input or output failed";
	case UDV_ERR_NO_MEMORY:
		return "out of memory";
	case UDV_ERR_NOT_FOUND:
		return "not found";
	case UDV_ERR_RETRY:
		return "drop the mapping and re-enter";
	case UDV_ERR_NEEDS_WALK:
		return "the guest's tables must be walked";
	}
	return "unknown status";
}
