/** Returns the command that validates a license at a server, for a shell. */
export const validateCommand = (baseUrl: string, licenseKey: string): string =>
  `curl -sS ${baseUrl}/v1/licenses/validate -H 'content-type: application/json' -d '${JSON.stringify({ licenseKey })}'`;
