/* SPDX-License-Identifier: Apache-2.0 */
#include "store/database_options.h"

#include "store/reference.h"

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

/* Of blocks that were read, with their indexes and filters. */
#define CACHE_BYTES (64 * MIB)

/* What is not yet in tables: of a busy family, of another one, of all. */
#define MEMTABLE_LARGE (32 * MIB)
#define MEMTABLE_SMALL (4 * MIB)
#define MEMTABLES_MAX  (128 * MIB)
#define WAL_MAX        (128 * MIB)

#define BLOCK_BYTES    (8 * KIB)
#define BITS_OF_A_KEY  10
#define OPEN_FILES_MAX 512
#define JOBS_MAX       2
#define LOG_FILE_BYTES (1 * MIB)
#define LOG_FILES      2
#define MANIFEST_BYTES (16 * MIB)
#define LOG_LEVEL_WARN 2
#define POINT_IN_TIME  2 /* WALRecoveryMode::kPointInTimeRecovery */
#define SPACE_PERCENT  100

static rocksdb_options_t *
common_options(void)
{
	rocksdb_options_t *options = rocksdb.options_create();

	rocksdb.options_set_create_if_missing(options, 1);
	rocksdb.options_set_create_missing_column_families(options, 1);
	rocksdb.options_set_paranoid_checks(options, 1);
	rocksdb.options_set_wal_recovery_mode(options, POINT_IN_TIME);
	rocksdb.options_set_max_total_wal_size(options, WAL_MAX);
	rocksdb.options_set_db_write_buffer_size(options, MEMTABLES_MAX);
	rocksdb.options_set_max_open_files(options, OPEN_FILES_MAX);
	rocksdb.options_set_max_background_jobs(options, JOBS_MAX);
	rocksdb.options_set_max_manifest_file_size(options, MANIFEST_BYTES);
	rocksdb.options_set_info_log_level(options, LOG_LEVEL_WARN);
	rocksdb.options_set_max_log_file_size(options, LOG_FILE_BYTES);
	rocksdb.options_set_keep_log_file_num(options, LOG_FILES);
	rocksdb.options_set_stats_dump_period_sec(options, 0);
	rocksdb.options_set_stats_persist_period_sec(options, 0);
	return options;
}

static void
set_table(rocksdb_options_t *options, rocksdb_cache_t *cache, bool is_looked_up)
{
	rocksdb_block_based_table_options_t
	    *table = rocksdb.block_based_options_create();

	rocksdb.block_based_options_set_block_cache(table, cache);
	rocksdb.block_based_options_set_block_size(table, BLOCK_BYTES);
	rocksdb.block_based_options_set_cache_index_and_filter_blocks(table, 1);
	rocksdb.block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(
	    table, 1);
	if (is_looked_up)
		rocksdb.block_based_options_set_filter_policy(table,
		    rocksdb.filterpolicy_create_bloom(BITS_OF_A_KEY));
	rocksdb.options_set_block_based_table_factory(options, table);
	rocksdb.block_based_options_destroy(table);
}

static void
set_universal(rocksdb_options_t *options)
{
	rocksdb_universal_compaction_options_t
	    *universal = rocksdb.universal_compaction_options_create();

	rocksdb.universal_compaction_options_set_max_size_amplification_percent(
	    universal, SPACE_PERCENT);
	rocksdb.options_set_universal_compaction_options(options, universal);
	rocksdb.options_set_compaction_style(options,
	    rocksdb_universal_compaction);
	rocksdb.universal_compaction_options_destroy(universal);
}

static rocksdb_options_t *
family_options(struct database_options *options, enum database_family family)
{
	rocksdb_options_t *own = rocksdb.options_create_copy(options->common);
	bool is_busy = family == DATABASE_QUEUES || family == DATABASE_MESSAGES;

	set_table(own, options->cache,
	    family == DATABASE_MESSAGES || family == DATABASE_SESSIONS);
	rocksdb.options_set_write_buffer_size(own,
	    is_busy ? MEMTABLE_LARGE : MEMTABLE_SMALL);
	rocksdb.options_set_compression(own, rocksdb_lz4_compression);
	if (is_busy)
		set_universal(own);
	if (family != DATABASE_MESSAGES)
		return own;
	rocksdb.options_set_merge_operator(own, reference_merge_operator());
	rocksdb.options_set_compaction_filter(own, options->filter);
	return own;
}

void
database_options_init(struct database_options *options)
{
	options->cache = rocksdb.cache_create_lru(CACHE_BYTES);
	options->filter = reference_compaction_filter();
	options->common = common_options();
	for (int i = 0; i < DATABASE_FAMILY_COUNT; i++)
		options->families[i] = family_options(options,
		    (enum database_family)i);
}

void
database_options_done(struct database_options *options)
{
	for (int i = 0; i < DATABASE_FAMILY_COUNT; i++)
		rocksdb.options_destroy(options->families[i]);
	rocksdb.options_destroy(options->common);
	rocksdb.compactionfilter_destroy(options->filter);
	rocksdb.cache_destroy(options->cache);
}
