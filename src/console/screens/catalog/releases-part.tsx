import { useState } from 'react';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { CommandDialog } from '../../parts/command-dialog.tsx';
import { instantIn } from '../../parts/dates.ts';
import { TextField } from '../../parts/field.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Paged } from '../../parts/paged.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { useCommand } from '../../session/ledger.ts';
import { usePermission } from '../../session/may.ts';
import { usePages } from '../../session/paged-list.ts';
import { catalogTexts } from '../../texts/catalog-texts.ts';
import classes from './catalog.module.css';

type Open = { readonly kind: 'publish' } | { readonly kind: 'withdraw'; readonly version: string };

/** The releases of a product, the last one first. */
export const ReleasesPart = ({ code }: { readonly code: string }) => {
  const names = catalogTexts.releases;
  const mayChange = usePermission('changeCatalog');
  const releases = usePages('listReleases', { params: { code } });
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const { action, ...columns } = names.columns;
  return (
    <Part title={names.title}>
      {mayChange && (
        <div className={classes.buttons}>
          <Button onClick={() => setOpen({ kind: 'publish' })}>{names.publish}</Button>
        </div>
      )}
      <Paged pages={releases} empty={names.none} more={catalogTexts.more}>
        <PartTable caption={names.caption} columns={[...Object.values(columns), ...(mayChange ? [action] : [])]}>
          {releases.entries.map(({ version, releasedAt, channel, withdrawnAt }) => (
            <tr key={version}>
              <th scope="row">{version}</th>
              <td>
                <Moment at={releasedAt} />
              </td>
              <td>{channel}</td>
              <td>{withdrawnAt === null ? names.current : <Badge>{names.withdrawn}</Badge>}</td>
              {mayChange && (
                <td>
                  {withdrawnAt === null && (
                    <Button
                      kind="quiet"
                      aria-label={names.withdrawOf(version)}
                      onClick={() => setOpen({ kind: 'withdraw', version })}
                    >
                      {names.withdraw}
                    </Button>
                  )}
                </td>
              )}
            </tr>
          ))}
        </PartTable>
      </Paged>
      {open?.kind === 'publish' && <Publish code={code} onClose={close} />}
      {open?.kind === 'withdraw' && <Withdraw code={code} version={open.version} onClose={close} />}
    </Part>
  );
};

type Props = { readonly code: string; readonly onClose: () => void };

const Publish = ({ code, onClose }: Props) => {
  const publish = useCommand('publishRelease');
  const names = catalogTexts.releases;
  const inputOf = (form: FormData) => {
    const releasedAt = instantIn(form.get('released'));
    const channel = String(form.get('channel')).trim();
    return {
      params: { code },
      body: { version: String(form.get('version')).trim(), channel, ...(releasedAt === null ? {} : { releasedAt }) },
    };
  };
  return (
    <CommandDialog title={names.publish} confirm={names.publish} command={publish} inputOf={inputOf} onClose={onClose}>
      <TextField label={names.version} hint={names.versionHint} name="version" required maxLength={64} />
      <TextField label={names.released} hint={names.releasedHint} name="released" type="datetime-local" step={1} />
      <TextField label={names.channel} name="channel" required defaultValue="stable" maxLength={30} />
    </CommandDialog>
  );
};

const Withdraw = ({ code, version, onClose }: Props & { readonly version: string }) => {
  const withdraw = useCommand('withdrawRelease');
  const names = catalogTexts.releases;
  return (
    <CommandDialog
      title={names.withdrawTitle(version)}
      confirm={names.withdraw}
      isDangerous
      command={withdraw}
      inputOf={() => ({ params: { code, version } })}
      onClose={onClose}
    >
      <p>{names.withdrawText}</p>
    </CommandDialog>
  );
};
