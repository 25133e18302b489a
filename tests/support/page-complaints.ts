/** What pages of the console complained about since the last test: errors, warnings and refusals of the policy. */
export const pageComplaints: string[] = [];
