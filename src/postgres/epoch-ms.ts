/** SQL for an instant as milliseconds since 1970: it is read as text or number, without the session's date style. */
export const epochMs = (column: string): string => `(date_part('epoch', ${column}) * 1000)::bigint`;
