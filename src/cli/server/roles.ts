/** The roles of a server process. */
export type Role = 'api' | 'projector' | 'worker';

export const allRoles: readonly Role[] = ['api', 'projector', 'worker'];
