import { useState } from 'react';
import { refuseStrongerKey } from '../../../domain/organization/organization-authority.ts';
import { AuthorName } from '../../parts/author.tsx';
import { Button } from '../../parts/button.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Paged } from '../../parts/paged.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { SecretDialog } from '../../parts/secret-dialog.tsx';
import { useMay } from '../../session/may.ts';
import { usePages } from '../../session/paged-list.ts';
import { peopleTexts } from '../../texts/people-texts.ts';
import type { ApiKey } from '../../types.ts';
import { CreateKey } from './create-key.tsx';
import { EndOverlap, RenameKey, RevokeKey, RotateKey } from './key-dialogs.tsx';
import { isInForce, isOverlapping } from './key-state.ts';
import classes from './people.module.css';
import { useStanding } from './people.ts';

const texts = peopleTexts.keys;

const actions = ['rename', 'rotate', 'endOverlap', 'revoke'] as const;
type KeyAction = (typeof actions)[number];

type Open =
  | { readonly kind: 'create' }
  | { readonly kind: KeyAction; readonly apiKey: ApiKey }
  | { readonly kind: 'secret'; readonly name: string; readonly secret: string };

/** The API keys with their scopes, and what the user may do with them. */
export const KeysPart = () => {
  const pages = usePages('listApiKeys', {});
  const mayManage = useMay()('manageApiKeys');
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const show = (name: string, secret: string) => setOpen({ kind: 'secret', name, secret });
  return (
    <Part title={texts.title}>
      <Paged pages={pages} empty={texts.none}>
        <PartTable
          isStacked
          caption={texts.caption}
          columns={[...Object.values(texts.columns), ...(mayManage ? [peopleTexts.action] : [])]}
        >
          {pages.entries.map((apiKey) => (
            <KeyRow key={apiKey.id} apiKey={apiKey} mayManage={mayManage} onOpen={setOpen} />
          ))}
        </PartTable>
      </Paged>
      {mayManage && (
        <div>
          <Button onClick={() => setOpen({ kind: 'create' })}>{texts.create}</Button>
        </div>
      )}
      {open?.kind === 'create' && <CreateKey onClose={close} onSecret={show} />}
      {open?.kind === 'rename' && <RenameKey apiKey={open.apiKey} onClose={close} />}
      {open?.kind === 'rotate' && <RotateKey apiKey={open.apiKey} onClose={close} onSecret={show} />}
      {open?.kind === 'endOverlap' && <EndOverlap apiKey={open.apiKey} onClose={close} />}
      {open?.kind === 'revoke' && <RevokeKey apiKey={open.apiKey} onClose={close} />}
      {open?.kind === 'secret' && (
        <SecretDialog
          title={texts.secretTitle(open.name)}
          text={texts.secretText}
          secret={open.secret}
          close={peopleTexts.done}
          onClose={close}
        />
      )}
    </Part>
  );
};

type RowProps = {
  readonly apiKey: ApiKey;
  readonly mayManage: boolean;
  readonly onOpen: (open: Open) => void;
};

const KeyRow = ({ apiKey, mayManage, onOpen }: RowProps) => {
  const { name, hint, scopes, products, lastUsedAt, createdAt, createdBy } = apiKey;
  return (
    <tr className={isInForce(apiKey) ? undefined : classes.ended}>
      <th scope="row">
        {name}
        <p className={classes.soft}>
          <code>{hint}…</code>
        </p>
        <KeyState apiKey={apiKey} />
      </th>
      <td data-label={texts.columns.scopes}>
        {scopes.join(', ')}
        {products !== null && <p className={classes.soft}>{texts.products(products.join(', '))}</p>}
      </td>
      <td data-label={texts.columns.used}>
        {lastUsedAt === null ? peopleTexts.never : <Moment at={lastUsedAt} withAge />}
      </td>
      <td data-label={texts.columns.created}>
        <Moment at={createdAt} />
        <p className={classes.soft}>
          {texts.by} {createdBy === null ? peopleTexts.nobody : <AuthorName id={createdBy} />}
        </p>
      </td>
      {mayManage && (
        <td>
          <KeyActions apiKey={apiKey} onOpen={onOpen} />
        </td>
      )}
    </tr>
  );
};

const KeyState = ({ apiKey }: { readonly apiKey: ApiKey }) => {
  const { revokedAt, expiresAt, previousHint, overlapUntil } = apiKey;
  if (revokedAt !== null) {
    return (
      <p className={classes.soft}>
        {texts.revoked} <Moment at={revokedAt} />
      </p>
    );
  }
  return (
    <>
      {expiresAt !== null && (
        <p className={classes.soft}>
          {isInForce(apiKey) ? texts.expires : texts.expired} <Moment at={expiresAt} withAge />
        </p>
      )}
      {isOverlapping(apiKey) && overlapUntil !== null && (
        <p className={classes.soft}>
          {texts.overlap(previousHint ?? '')} <Moment at={overlapUntil} />
        </p>
      )}
    </>
  );
};

const KeyActions = ({ apiKey, onOpen }: Pick<RowProps, 'apiKey' | 'onOpen'>) => {
  const standing = useStanding();
  const { name } = apiKey;
  // A key with rights that the role lacks is not for the user to change.
  const isTooStrong = standing === null || refuseStrongerKey(standing, apiKey) !== null;
  if (isTooStrong || !isInForce(apiKey)) return null;
  return (
    <div className={classes.actions}>
      {actions
        .filter((kind) => kind !== 'endOverlap' || isOverlapping(apiKey))
        .map((kind) => (
          <Button
            key={kind}
            kind="quiet"
            aria-label={peopleTexts.of(texts[kind], name)}
            onClick={() => onOpen({ kind, apiKey })}
          >
            {texts[kind]}
          </Button>
        ))}
    </div>
  );
};
