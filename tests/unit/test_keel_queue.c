#include "guests/rtos/fake/fake.h"

static struct queue q;
static uint32_t slots[2];

static int setup(void **state)
{
	(void)fake_setup(state);
	queue_init(&q, slots, 2, sizeof(slots[0]));
	return 0;
}

static int send(uint32_t value)
{
	return queue_send(&q, &value, KEEL_NO_WAIT);
}

static uint32_t receive(void)
{
	uint32_t value = 0;

	assert_int_equal(queue_receive(&q, &value, KEEL_NO_WAIT), KEEL_OK);
	return value;
}

static void test_messages_come_out_in_order(void **state)
{
	(void)state;
	(void)send(1);
	(void)send(2);
	assert_int_equal(receive(), 1);
	assert_int_equal(receive(), 2);
}

static void test_order_survives_the_wrap_of_the_ring(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 7; i++) {
		(void)send(i);
		(void)send(i + 100);
		assert_int_equal(receive(), i);
		assert_int_equal(receive(), i + 100);
		(void)send(50);
		assert_int_equal(receive(), 50);
	}
}

static void test_full_queue_refuses(void **state)
{
	(void)state;
	assert_int_equal(send(1), KEEL_OK);
	assert_int_equal(send(2), KEEL_OK);
	assert_int_equal(send(3), KEEL_BUSY);
	assert_int_equal(receive(), 1);
}

static void test_empty_queue_has_nothing(void **state)
{
	uint32_t value = 77;

	(void)state;
	assert_int_equal(queue_receive(&q, &value, KEEL_NO_WAIT), KEEL_BUSY);
	assert_int_equal(value, 77);
}

static void test_waiting_receiver_gets_the_message_directly(void **state)
{
	struct task *receiver = fake_task(0, 5);
	uint32_t value = 0;

	(void)state;
	(void)queue_receive(&q, &value, KEEL_FOREVER);
	(void)send(42);
	assert_running(receiver);
	assert_int_equal(value, 42);
	assert_int_equal(q.count, 0);
}

static void test_most_urgent_receiver_is_first(void **state)
{
	uint32_t low_value = 0, high_value = 0;

	(void)state;
	fake_task(0, 5);
	(void)queue_receive(&q, &low_value, KEEL_FOREVER);
	fake_task(1, 9);
	(void)queue_receive(&q, &high_value, KEEL_FOREVER);
	(void)send(42);
	assert_int_equal(high_value, 42);
	assert_int_equal(low_value, 0);
}

static void test_receive_timeout_leaves_the_buffer_alone(void **state)
{
	struct task *receiver = fake_task(0, 5);
	uint32_t value = 77;

	(void)state;
	(void)queue_receive(&q, &value, 100);
	fake_advance(100);
	(void)send(42);
	assert_int_equal(receiver->wake_status, KEEL_TIMEOUT);
	assert_int_equal(value, 77);
	assert_int_equal(q.count, 1);
}

static void test_waiting_sender_is_let_in_behind_the_others(void **state)
{
	struct task *sender = fake_task(0, 5);
	uint32_t third = 3;

	(void)state;
	(void)send(1);
	(void)send(2);
	(void)queue_send(&q, &third, KEEL_FOREVER);
	assert_running(fake_idle());
	assert_int_equal(receive(), 1);
	assert_running(sender);
	assert_int_equal(sender->wake_status, KEEL_OK);
	assert_int_equal(receive(), 2);
	assert_int_equal(receive(), 3);
}

static void test_send_timeout_sends_nothing(void **state)
{
	struct task *sender = fake_task(0, 5);
	uint32_t third = 3;

	(void)state;
	(void)send(1);
	(void)send(2);
	(void)queue_send(&q, &third, 100);
	fake_advance(100);
	assert_int_equal(sender->wake_status, KEEL_TIMEOUT);
	assert_int_equal(receive(), 1);
	assert_int_equal(receive(), 2);
	assert_int_equal(q.count, 0);
}

static void test_isr_can_send(void **state)
{
	struct task *receiver = fake_task(0, 5);
	uint32_t value = 0;

	(void)state;
	(void)queue_receive(&q, &value, KEEL_FOREVER);
	fake_enter_isr();
	assert_int_equal(send(9), KEEL_OK);
	fake_leave_isr();
	assert_running(receiver);
	assert_int_equal(value, 9);
}

#define QUEUE_TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		QUEUE_TEST(test_messages_come_out_in_order),
		QUEUE_TEST(test_order_survives_the_wrap_of_the_ring),
		QUEUE_TEST(test_full_queue_refuses),
		QUEUE_TEST(test_empty_queue_has_nothing),
		QUEUE_TEST(test_waiting_receiver_gets_the_message_directly),
		QUEUE_TEST(test_most_urgent_receiver_is_first),
		QUEUE_TEST(test_receive_timeout_leaves_the_buffer_alone),
		QUEUE_TEST(test_waiting_sender_is_let_in_behind_the_others),
		QUEUE_TEST(test_send_timeout_sends_nothing),
		QUEUE_TEST(test_isr_can_send),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
