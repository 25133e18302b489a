/** What a process of the product does. */
export type Role = 'api' | 'projector' | 'worker';

export const allRoles: readonly Role[] = ['api', 'projector', 'worker'];
