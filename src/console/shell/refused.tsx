import { useOrganization } from '../session/own-organizations.ts';
import { texts } from '../texts/catalogue.ts';

/** Says why the user may not do something: the organization is closed, or `text`, which names the roles that may. */
export const Refused = ({ text }: { readonly text: string }) => (
  <p>{(useOrganization()?.closedAt ?? null) === null ? text : texts.organizations.closedText}</p>
);
