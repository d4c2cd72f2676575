/* SPDX-License-Identifier: MIT */
#include "device_test.h"

struct log {
	char text[64];
	unsigned length;
};

struct named {
	struct vtimer timer;
	struct log *log;
	char name;
	uint64_t again; /* armed again at now + this, if not 0 */
	struct vclock *clock;
};

static void fire(void *opaque, uint64_t now)
{
	struct named *named = opaque;

	named->log->text[named->log->length++] = named->name;
	if (named->again)
		vclock_arm(named->clock, &named->timer, now + named->again - 1);
}

static void make(struct fake_time *time, struct named *named, struct log *log, char name)
{
	*named = (struct named){ .log = log, .name = name, .clock = &time->clock };
	assert_true(vclock_add(&time->clock, &named->timer, fire, named));
}

static void test_order(void **state)
{
	struct fake_time time;
	struct log log = { .length = 0 };
	struct named a, b, c;

	(void)state;
	fake_init(&time);
	make(&time, &a, &log, 'a');
	make(&time, &b, &log, 'b');
	make(&time, &c, &log, 'c');
	assert_true(vclock_next_deadline(&time.clock) == VCLOCK_NEVER);
	vclock_arm(&time.clock, &c.timer, 10);
	vclock_arm(&time.clock, &b.timer, 10);
	vclock_arm(&time.clock, &a.timer, 20);
	assert_int_equal(vclock_next_deadline(&time.clock), 10);
	vclock_run_due(&time.clock, 9);
	assert_int_equal(log.length, 0);
	vclock_run_due(&time.clock, 20);
	assert_string_equal(log.text, "bca"); /* the tie in the order they were made known */
	assert_true(vclock_next_deadline(&time.clock) == VCLOCK_NEVER);
}

static void test_cancel(void **state)
{
	struct fake_time time;
	struct log log = { .length = 0 };
	struct named a, b;

	(void)state;
	fake_init(&time);
	make(&time, &a, &log, 'a');
	make(&time, &b, &log, 'b');
	vclock_arm(&time.clock, &a.timer, 10);
	vclock_arm(&time.clock, &b.timer, 30);
	vclock_cancel(&time.clock, &a.timer);
	assert_int_equal(vclock_next_deadline(&time.clock), 30);
	vclock_arm(&time.clock, &b.timer, 40); /* later than it was */
	assert_int_equal(vclock_next_deadline(&time.clock), 40);
	vclock_run_due(&time.clock, 39);
	assert_int_equal(log.length, 0);
	vclock_run_due(&time.clock, 40);
	assert_string_equal(log.text, "b");
}

static void test_once_a_run(void **state)
{
	struct fake_time time;
	struct log log = { .length = 0 };
	struct named a;

	(void)state;
	fake_init(&time);
	make(&time, &a, &log, 'a');
	a.again = 1; /* always due at once */
	vclock_arm(&time.clock, &a.timer, 5);
	vclock_run_due(&time.clock, 5);
	assert_string_equal(log.text, "a");
	assert_int_equal(vclock_next_deadline(&time.clock), 5);
	vclock_run_due(&time.clock, 5);
	assert_string_equal(log.text, "aa");
}

struct cut {
	unsigned calls;
	uint64_t deadline;
};

static uint64_t zero(void *opaque)
{
	(void)opaque;
	return 0;
}

static void cut(void *opaque, uint64_t deadline)
{
	struct cut *record = opaque;

	record->calls++;
	record->deadline = deadline;
}

static void test_deadline_changed(void **state)
{
	struct cut record = { .calls = 0 };
	struct vclock clock;
	struct vtimer a, b;

	(void)state;
	vclock_init(&clock, zero, cut, &record);
	assert_true(vclock_add(&clock, &a, fire, NULL));
	assert_true(vclock_add(&clock, &b, fire, NULL));
	vclock_arm(&clock, &a, 100);
	assert_int_equal(record.calls, 1);
	assert_int_equal(record.deadline, 100);
	vclock_arm(&clock, &b, 200);
	assert_int_equal(record.calls, 1);
	vclock_arm(&clock, &b, 50);
	assert_int_equal(record.calls, 2);
	assert_int_equal(record.deadline, 50);
	vclock_arm(&clock, &b, 60); /* later: no slice needs cutting */
	assert_int_equal(record.calls, 2);
	assert_int_equal(vclock_next_deadline(&clock), 60);
	/* A snapshot writes timers behind the clock's back. */
	a.deadline = 7;
	vclock_refresh(&clock);
	assert_int_equal(vclock_next_deadline(&clock), 7);
}

static void test_full(void **state)
{
	static struct vtimer timer[VCLOCK_MAX_TIMERS + 1];
	struct vclock clock;

	(void)state;
	vclock_init(&clock, zero, NULL, NULL);
	for (unsigned i = 0; i < VCLOCK_MAX_TIMERS; i++)
		assert_true(vclock_add(&clock, &timer[i], fire, NULL));
	assert_false(vclock_add(&clock, &timer[VCLOCK_MAX_TIMERS], fire, NULL));
}

static void test_ticks(void **state)
{
	static const uint64_t hz[] = { 1, 3, 32768, 1193182, 3579545, 1000000000, 3999999999 };

	(void)state;
	assert_int_equal(vclock_ticks(1000000000, 1193182), 1193182);
	assert_int_equal(vclock_ticks(838, 1193182), 0);
	assert_int_equal(vclock_ticks(839, 1193182), 1);
	assert_int_equal(vclock_when(1, 1193182), 839);
	assert_int_equal(vclock_when(0, 1193182), 0);
	assert_true(vclock_when(UINT64_MAX, 1) == VCLOCK_NEVER);
	/* 500 years stay exact */
	assert_int_equal(vclock_ticks(15778800000ull * VCLOCK_SECOND, 1193182),
			 15778800000ull * 1193182);
	for (unsigned i = 0; i < sizeof(hz) / sizeof(hz[0]); i++) {
		for (uint64_t ticks = 1; ticks < 1ull << 32; ticks = ticks * 3 + 1) {
			uint64_t when = vclock_when(ticks, hz[i]);

			assert_true(vclock_ticks(when, hz[i]) >= ticks);
			assert_true(vclock_ticks(when - 1, hz[i]) < ticks);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),	   cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_once_a_run), cmocka_unit_test(test_deadline_changed),
		cmocka_unit_test(test_full),	   cmocka_unit_test(test_ticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
