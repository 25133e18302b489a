/** Returns SQL for an instant as milliseconds since 1970, which does not depend on the date style of the session. */
export const epochMs = (column: string): string => `(date_part('epoch', ${column}) * 1000)::bigint`;
