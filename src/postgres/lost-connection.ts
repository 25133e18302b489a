/**
 * Returns true when no statement can succeed now. Either the connection was refused, lost or timed out, or its host was
 * not found. Or Postgres is shutting down (57P…) or out of connections (53…).
 */
export const isLostConnection = (error: unknown): error is Error => {
  // An error with a path is about a file.
  if (!(error instanceof Error) || 'path' in error) return false;
  const code = 'code' in error ? String(error.code) : '';
  return lostCode.test(code) || lostMessage.test(error.message);
};

const lostCode =
  /^(?:ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOENT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|57P0[123]|53\d{3}|08\d{3})$/;
const lostMessage =
  /^(?:Connection terminated|Client (?:has encountered|was closed)|Query read timeout|timeout exceeded when trying to connect)/i;
