import { z } from 'zod';
import type { Access, SignedIn, SignedInOnDevice } from '../../application/accounts/open-session.ts';
import { isName, nameMax, nameRule } from '../../domain/names.ts';
import { roles } from '../../domain/organization/events.ts';
import { isTimeZone } from '../../domain/time-zone.ts';
import { noAddressDomain } from '../../identity/mailed/proven-address.ts';
import { passwordCharacters, passwordFault } from '../../identity/passwords.ts';
import type { User } from '../../identity/users.ts';
import { idOf, instantOut, text } from '../schemas.ts';

const emailMax = 254;
const passwordMax = 1_024;

/** The e-mail address of a new user. */
export const newEmail = z
  .email('must be an e-mail address')
  .max(emailMax)
  .refine((email) => !email.toLowerCase().endsWith(`@${noAddressDomain}`), 'must be an address that can get mail')
  .meta({ example: 'ann@vendor.example' });

/** The text in the address field of a login, which need not be an address. */
export const knownEmail = text(emailMax).meta({ example: 'ann@vendor.example' });

/** A new password. */
export const newPassword = z
  .string()
  .max(passwordMax)
  .superRefine((value, context) => {
    const fault = passwordFault(value);
    if (fault !== null) context.addIssue(fault);
  })
  .meta({
    description: `${passwordCharacters.min} to ${passwordCharacters.max} characters, not your e-mail address or the part of it before the @, not one repeated character. The most common passwords are refused.`,
    override: { minLength: passwordCharacters.min, maxLength: passwordCharacters.max },
    example: 'four small green apples',
  });

/** A password to check. */
export const knownPassword = z.string().min(1).max(passwordMax).meta({ example: 'four small green apples' });

/** The display name of a user. */
export const displayName = text(nameMax)
  .refine((value) => value.trim() !== '', 'must not be blank')
  .meta({ example: 'Ann Lee' });

/** The name of a new organization. */
export const organizationName = text(nameMax)
  .refine(isName, nameRule('an organization'))
  .meta({ example: 'Example Software' });

export const timeZone = z
  .string()
  .max(100)
  .refine(isTimeZone, 'must be a time zone by its IANA name, such as Europe/Berlin')
  .meta({ example: 'Europe/Berlin' });

export const organizationId = idOf('org', 'org_01h455vb4pex5vsknk084sn02q');

/** A refresh token. Malformed and expired tokens get the same error, so the schema does not check the form. */
export const refreshToken = z.string().min(1).max(1_000);

/** The device token of an earlier login. Invalid tokens are ignored, so the schema does not check the form. */
export const deviceToken = z
  .string()
  .max(1_000)
  .meta({ example: 'lgr_dt_47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU' });

export const memberRole = z.enum(roles);

/** A user as the API shows it. */
export const userShape = z
  .strictObject({
    id: idOf('usr', 'usr_01h455vb4pex5vsknk084sn02q'),
    email: z.string(),
    displayName: z.string().nullable(),
    createdAt: instantOut,
  })
  .meta({ id: 'User' });

/** The organization of an access token, with the role of the user. */
export const memberOfShape = z
  .strictObject({ id: organizationId, name: z.string(), role: memberRole })
  .meta({ id: 'OrganizationOfUser' });

const accessToken = {
  accessToken: z.string(),
  tokenType: z.literal('Bearer'),
  expiresInSeconds: z.int().meta({ example: 3_600 }),
};

/** An access token. `organization` is null when the user belongs to no open organization. */
export const accessShape = z
  .strictObject({ ...accessToken, user: userShape, organization: memberOfShape.nullable() })
  .meta({ id: 'AccessGranted' });

/** The tokens of a session. */
export const tokensShape = z
  .strictObject({
    ...accessToken,
    refreshToken: z.string(),
    refreshExpiresAt: instantOut,
    user: userShape,
    organization: memberOfShape.nullable(),
  })
  .meta({ id: 'SignedIn' });

/** The tokens of a new session, with the token of the device. */
export const openedShape = tokensShape
  .extend({
    deviceToken: z.string().meta({
      description:
        'Store it on the device and send it with the next login to this account. Wrong passwords that others try do not slow down a login that sends it. It is no credential. It ends with a change of the password, or 180 days after its last login.',
    }),
  })
  .meta({ id: 'SignedInOnDevice' });

export type UserBody = z.output<typeof userShape>;

/** Returns a user as the API shows it. */
export const userBody = ({ userId, email, displayName: name, createdAt }: User): UserBody => ({
  id: userId,
  email,
  displayName: name,
  createdAt: createdAt.toISOString(),
});

/** Returns an access token as the API shows it. */
export const accessBody = ({ accessToken: token, expiresInSeconds, user, organization }: Access): object => ({
  accessToken: token,
  tokenType: 'Bearer',
  expiresInSeconds,
  user: userBody(user),
  organization,
});

/** Returns the tokens of a new session as the API shows them. */
export const openedBody = (session: SignedInOnDevice): object => ({
  ...signedInBody(session),
  deviceToken: session.deviceToken,
});

/** Returns the tokens of a session as the API shows them. */
export const signedInBody = (session: SignedIn): object => {
  const { refreshToken: token, refreshExpiresAt } = session;
  return { ...accessBody(session), refreshToken: token, refreshExpiresAt: refreshExpiresAt.toISOString() };
};
