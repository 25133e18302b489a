import { useAuthorName, useUserId } from '../session/use-author-name.ts';
import { texts } from '../texts/catalogue.ts';
import type { LicenseEvent } from '../types.ts';

/** Who did something: yourself, a member or an API key by name, or its id where the user may not see the name. */
export const AuthorName = ({ id }: { readonly id: string }) => {
  const name = useAuthorName(id);
  return id === useUserId() ? texts.you : <span title={id}>{name ?? id}</span>;
};

/** The author of an event, by name where the user may see it. */
export const Author = ({ actor: { type, id } }: Pick<LicenseEvent, 'actor'>) => {
  const kinds: Readonly<Record<string, string>> = texts.actors;
  const name = useAuthorName(id);
  if (id === useUserId()) return texts.you;
  if (name === null) return `${kinds[type] ?? type} (${id})`;
  return <span title={id}>{type === 'USER' ? name : texts.apiKeyNamed(name)}</span>;
};
