import { refuseNewUser, type SignupMode, signupModes } from '../../../domain/organization/signup-mode.ts';

/** Returns who may become a user of this server, as the server has written it into the page. */
export const signupMode = (): SignupMode => {
  const written = document.querySelector<HTMLMetaElement>('meta[name="signup"]')?.content;
  return signupModes.find((mode) => mode === written) ?? 'closed';
};

/** Returns true where everybody may create an organization. The server decides again. */
export const maySignUp = (): boolean => refuseNewUser(signupMode(), 'signup') === null;
