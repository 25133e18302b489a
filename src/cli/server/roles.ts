/** The roles of a server process. */
export type Role = 'api' | 'projector' | 'worker' | 'notary';

export const allRoles: readonly Role[] = ['api', 'projector', 'worker', 'notary'];
