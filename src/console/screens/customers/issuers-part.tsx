import type { AnswerOf } from '@license-ledger/client';
import type { UseMutationResult } from '@tanstack/react-query';
import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { CommandDialog } from '../../parts/command-dialog.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Paged } from '../../parts/paged.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { useCommand } from '../../session/ledger.ts';
import { useMay } from '../../session/may.ts';
import { usePages } from '../../session/paged-list.ts';
import { customerTexts } from '../../texts/customer-texts.ts';
import classes from './customers.module.css';

const texts = customerTexts.issuers;

type Issuer = AnswerOf<'listIssuers'>['data'][number];
type Decision = 'trust' | 'block' | 'forget';
type Open = { readonly kind: Decision; readonly issuer: Issuer } | { readonly kind: 'add' };

/** The issuers that the organization trusts or blocks. */
export const IssuersPart = () => {
  const pages = usePages('listIssuers', {});
  const mayDecide = useMay()('answerOffers');
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  return (
    <Part title={texts.title}>
      <Paged pages={pages} empty={texts.none}>
        <PartTable
          isStacked
          caption={texts.caption}
          columns={[...Object.values(texts.columns), ...(mayDecide ? [customerTexts.action] : [])]}
        >
          {pages.entries.map((issuer) => (
            <tr key={issuer.organizationId}>
              <th scope="row">{nameOf(issuer)}</th>
              <td data-label={texts.columns.decision}>
                {issuer.decision !== null && texts.decisions[issuer.decision]}
              </td>
              <td data-label={texts.columns.since}>{issuer.decidedAt !== null && <Moment at={issuer.decidedAt} />}</td>
              {mayDecide && (
                <td>
                  <Decisions issuer={issuer} onOpen={setOpen} />
                </td>
              )}
            </tr>
          ))}
        </PartTable>
      </Paged>
      {mayDecide && (
        <div>
          <Button onClick={() => setOpen({ kind: 'add' })}>{texts.add}</Button>
        </div>
      )}
      {open?.kind === 'add' && <Add onClose={close} />}
      {open !== null && open.kind !== 'add' && <Decide kind={open.kind} issuer={open.issuer} onClose={close} />}
    </Part>
  );
};

const nameOf = ({ name, organizationId }: Issuer): string => name ?? organizationId;

const Decisions = ({ issuer, onOpen }: { readonly issuer: Issuer; readonly onOpen: (open: Open) => void }) => (
  <div className={classes.actions}>
    {([issuer.decision === 'TRUSTED' ? 'block' : 'trust', 'forget'] as const).map((kind) => (
      <Button
        key={kind}
        kind="quiet"
        aria-label={customerTexts.of(texts[kind], nameOf(issuer))}
        onClick={() => onOpen({ kind, issuer })}
      >
        {texts[kind]}
      </Button>
    ))}
  </div>
);

type Input = { readonly params: { readonly organizationId: string } };

const Decide = ({
  kind,
  issuer,
  onClose,
}: {
  readonly kind: Decision;
  readonly issuer: Issuer;
  readonly onClose: () => void;
}) => {
  const { organizationId } = issuer;
  const trust = useCommand('trustIssuer');
  const block = useCommand('blockIssuer');
  const forget = useCommand('forgetIssuer');
  const dialogs = {
    trust: { title: texts.trustTitle, text: texts.trustText },
    block: { title: texts.blockTitle, text: texts.blockText },
    forget: { title: texts.forgetTitle, text: texts.forgetText },
  };
  const command: UseMutationResult<unknown, Error, Input> = { trust, block, forget }[kind];
  return (
    <CommandDialog
      title={dialogs[kind].title}
      confirm={texts[kind]}
      isDangerous={kind === 'block'}
      command={command}
      inputOf={() => ({ params: { organizationId } })}
      onClose={onClose}
    >
      <p>{nameOf(issuer)}</p>
      <p>{dialogs[kind].text}</p>
    </CommandDialog>
  );
};

/** Decides about an issuer that has offered nothing yet. */
const Add = ({ onClose }: { readonly onClose: () => void }) => {
  const [kind, setKind] = useState<'trust' | 'block'>('trust');
  const trust = useCommand('trustIssuer');
  const block = useCommand('blockIssuer');
  return (
    <CommandDialog
      title={texts.add}
      confirm={texts[kind]}
      command={kind === 'trust' ? trust : block}
      inputOf={(form) => ({ params: { organizationId: String(form.get('id')).trim() } })}
      onClose={onClose}
    >
      <p>{texts.addText}</p>
      <TextField
        label={texts.id}
        hint={texts.idHint}
        name="id"
        autoComplete="off"
        spellCheck={false}
        required
        pattern="\s*org_[0-7][0-9a-hjkmnp-tv-z]{25}\s*"
      />
      <SelectField
        label={texts.decision}
        value={kind}
        onChange={({ currentTarget: { value } }) => setKind(value === 'block' ? 'block' : 'trust')}
      >
        <option value="trust">{texts.trust}</option>
        <option value="block">{texts.block}</option>
      </SelectField>
      <p>{kind === 'trust' ? texts.trustText : texts.blockText}</p>
    </CommandDialog>
  );
};
