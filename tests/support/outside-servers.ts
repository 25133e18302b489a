/**
 * Servers that this run of the tests does not own. Null: the run starts its own. Tests create databases and streams
 * with names of their own there and drop the databases afterwards.
 */
export const outsideServers = {
  /** A store, such as `esdb://127.0.0.1:2113?tls=false`. */
  eventStoreUrl: process.env.TEST_EVENTSTORE_URL || null,
  /** A superuser of a Postgres. */
  databaseUrl: process.env.TEST_DATABASE_URL || null,
  /** A Redis. Queues have names of their own. */
  redisUrl: process.env.TEST_REDIS_URL || null,
} as const;
