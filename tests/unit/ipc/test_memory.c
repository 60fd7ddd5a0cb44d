/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "ipc/memory.h"
#include "test_ipc.h"

START_TEST(sealed_memory_is_read_back_with_a_nul_behind_it)
{
	int fd = ipc_sealed_memory("test", BYTES_LITERAL("content"));
	struct buffer out = { 0 };

	ck_assert_int_ge(fd, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(ipc_sealed_memory_read(fd, 7, &out), 0);
	ck_assert(bytes_equal(buffer_view(&out), BYTES_LITERAL("content")));
	ck_assert_int_eq(out.data[7], 0);
	/* appended, also when read a second time */
	ck_assert_int_eq(ipc_sealed_memory_read(fd, 7, &out), 0);
	ck_assert_uint_eq(out.len, 14);
	ck_assert_int_eq(ipc_sealed_memory_read(fd, 6, &out), -EBADMSG);
	ck_assert_uint_eq(out.len, 14);
	buffer_done(&out);
	close(fd);
}
END_TEST

START_TEST(sealed_memory_cannot_be_changed)
{
	int fd = ipc_sealed_memory("test", BYTES_LITERAL("content"));

	ck_assert_int_lt(write(fd, "x", 1), 0);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_ne(ftruncate(fd, 3), 0);
	ck_assert_int_ne(ftruncate(fd, 300), 0);
	ck_assert_ptr_eq(mmap(NULL, 7, PROT_WRITE, MAP_SHARED, fd, 0),
	    MAP_FAILED);
	close(fd);
}
END_TEST

/* A memfd with some seals missing, or something else. */
static int
open_unsealed(int which)
{
	static const int seals[] = { 0, F_SEAL_WRITE,
		F_SEAL_WRITE | F_SEAL_GROW, F_SEAL_GROW | F_SEAL_SHRINK };
	int fds[2];
	int fd;

	if (which == 4)
		return open("/dev/zero", O_RDONLY);
	if (which == 5) {
		ck_assert_int_eq(pipe(fds), 0);
		close(fds[1]);
		return fds[0];
	}
	fd = memfd_create("test", MFD_ALLOW_SEALING);
	ck_assert_int_eq(write(fd, "content", 7), 7);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, seals[which]), 0);
	return fd;
}

START_TEST(memory_that_is_not_sealed_is_refused)
{
	int fd = open_unsealed(_i);
	struct buffer out = { 0 };
	struct bytes view;

	ck_assert_int_eq(ipc_sealed_memory_read(fd, 100, &out), -EBADMSG);
	ck_assert_int_eq(ipc_sealed_memory_map(fd, 7, &view), -EBADMSG);
	ck_assert_uint_eq(out.len, 0);
	close(fd);
}
END_TEST

START_TEST(memory_is_mapped_if_it_is_as_long_as_promised)
{
	int fd = ipc_sealed_memory("test", BYTES_LITERAL("content"));
	struct bytes view;

	ck_assert_int_eq(ipc_sealed_memory_map(fd, 6, &view), -EBADMSG);
	ck_assert_int_eq(ipc_sealed_memory_map(fd, 8, &view), -EBADMSG);
	ck_assert_int_eq(ipc_sealed_memory_map(fd, 0, &view), -EBADMSG);
	ck_assert_int_eq(ipc_sealed_memory_map(fd, 7, &view), 0);
	close(fd);
	ck_assert(bytes_equal(view, BYTES_LITERAL("content")));
	ipc_sealed_memory_unmap(view);
}
END_TEST

TCase *
test_memory(void)
{
	TCase *tests = tcase_create("memory");

	tcase_add_test(tests, sealed_memory_is_read_back_with_a_nul_behind_it);
	tcase_add_test(tests, sealed_memory_cannot_be_changed);
	tcase_add_loop_test(tests, memory_that_is_not_sealed_is_refused, 0, 6);
	tcase_add_test(tests, memory_is_mapped_if_it_is_as_long_as_promised);
	return tests;
}
