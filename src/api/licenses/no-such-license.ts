import { type Problem, problem } from '../problems.ts';

/** What a license is answered with that does not exist, or that another organization owns: the same to the byte. */
export const noSuchLicense = (): Problem => problem('LICENSE_NOT_FOUND', 'There is no such license.');
