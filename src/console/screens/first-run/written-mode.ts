import { type SignupMode, signupModes } from '../../../domain/organization/signup-mode.ts';

/** Returns who may become a user of this server, as the server has written it into the page. */
export const signupMode = (): SignupMode => {
  const written = document.querySelector<HTMLMetaElement>('meta[name="signup"]')?.content;
  return signupModes.find((mode) => mode === written) ?? 'closed';
};
