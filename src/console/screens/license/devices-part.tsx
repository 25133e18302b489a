import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Paged } from '../../parts/paged.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { useCommand } from '../../session/ledger.ts';
import { usePages } from '../../session/paged-list.ts';
import { texts } from '../../texts/catalogue.ts';
import { changeTexts } from '../../texts/license-change-texts.ts';
import type { Device, License } from '../../types.ts';
import { ReasonFields } from './change/reason-fields.tsx';
import { reasonIn } from './change/reasons.ts';
import { SwapDevice } from './change/swap-dialog.tsx';
import { Confirmation } from './confirmation.tsx';
import classes from './license.module.css';
import { useHashTarget } from './use-hash-target.ts';

/** What the user may do with the devices of a license: end an activation, and give its place to another device. */
export type DevicePowers = { readonly mayRelease: boolean; readonly maySwap: boolean };

const names = texts.devices;

/** The active devices of a license. */
export const DevicesPart = ({ license, ...powers }: { readonly license: License } & DevicePowers) => {
  const pages = usePages('listActivations', { params: { licenseId: license.id } });
  useHashTarget(pages, 'act_', ({ id }) => id);
  return (
    <Part title={names.title}>
      <Paged pages={pages} empty={names.none} more={names.more}>
        {(devices) => <DeviceTable license={license} devices={devices} {...powers} />}
      </Paged>
    </Part>
  );
};

type Open = { readonly kind: 'release' | 'swap'; readonly device: Device };

/** Devices with buttons to release and to replace each. */
export const DeviceTable = ({
  license,
  devices,
  mayRelease,
  maySwap,
}: { readonly license: License; readonly devices: readonly Device[] } & DevicePowers) => {
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const { action, ...columns } = names.columns;
  const hasActions = mayRelease || maySwap;
  return (
    <>
      <PartTable
        isStacked
        caption={names.caption}
        columns={[...Object.values(columns), ...(hasActions ? [action] : [])]}
      >
        {devices.map((device) => (
          <tr key={device.id} id={device.id} className={classes.target} tabIndex={-1}>
            <th scope="row">
              {nameOf(device)}
              {device.platform !== null && ` (${device.platform})`}
            </th>
            <td data-label={columns.seen}>
              <Moment at={device.lastSeenAt} withAge />
            </td>
            <td data-label={columns.user}>{device.user}</td>
            <td data-label={columns.version}>{device.lastVersion ?? device.appVersion}</td>
            {hasActions && (
              <td>
                {mayRelease && (
                  <Button
                    kind="quiet"
                    aria-label={names.releaseOf(nameOf(device))}
                    onClick={() => setOpen({ kind: 'release', device })}
                  >
                    {names.release}
                  </Button>
                )}
                {maySwap && (
                  <Button
                    kind="quiet"
                    aria-label={changeTexts.swap.of(nameOf(device))}
                    onClick={() => setOpen({ kind: 'swap', device })}
                  >
                    {changeTexts.swap.do}
                  </Button>
                )}
              </td>
            )}
          </tr>
        ))}
      </PartTable>
      {open?.kind === 'release' && <Release license={license} device={open.device} onClose={close} />}
      {open?.kind === 'swap' && <SwapDevice license={license} device={open.device} onClose={close} />}
    </>
  );
};

const nameOf = ({ name }: Device): string => name ?? texts.devices.unnamed;

const Release = ({
  license,
  device,
  onClose,
}: {
  readonly license: License;
  readonly device: Device;
  readonly onClose: () => void;
}) => {
  const release = useCommand('releaseActivation');
  const { licenseId, id: activationId } = device;
  return (
    <Confirmation
      license={license}
      title={names.releaseTitle}
      confirm={names.release}
      command={release}
      onClose={onClose}
      inputOf={(form) => ({ params: { licenseId, activationId }, body: reasonIn(form) })}
    >
      <p>{nameOf(device)}</p>
      <p>{names.releaseText}</p>
      <ReasonFields />
    </Confirmation>
  );
};
