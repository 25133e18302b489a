import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Loading } from '../../parts/loading.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { useCommand, useOrganizationId } from '../../session/ledger.ts';
import { useSession } from '../../session/session-context.tsx';
import { texts } from '../../texts/catalogue.ts';
import type { Device, License } from '../../types.ts';
import { Confirmation } from './confirmation.tsx';

const pageSize = 50;

/** The active devices of a license. `mayRelease`: the user may end an activation. */
export const DevicesPart = ({ license, mayRelease }: { readonly license: License; readonly mayRelease: boolean }) => {
  const names = texts.devices;
  const [leaving, setLeaving] = useState<Device | null>(null);
  const pages = useDevices(license.id);
  const devices = pages.data?.pages.flatMap(({ data }) => data) ?? [];
  const { action, ...columns } = names.columns;
  return (
    <Part title={names.title}>
      {pages.isPending && <Loading />}
      {pages.isError && <Failure error={pages.error} onRetry={pages.refetch} />}
      {pages.isSuccess && devices.length === 0 && <p>{names.none}</p>}
      {devices.length > 0 && (
        <PartTable caption={names.caption} columns={[...Object.values(columns), ...(mayRelease ? [action] : [])]}>
          {devices.map((device) => (
            <tr key={device.id}>
              <th scope="row">
                {nameOf(device)}
                {device.platform !== null && ` (${device.platform})`}
              </th>
              <td>
                <Moment at={device.lastSeenAt} withAge />
              </td>
              <td>{device.user}</td>
              <td>{device.lastVersion ?? device.appVersion}</td>
              {mayRelease && (
                <td>
                  <Button kind="quiet" aria-label={names.releaseOf(nameOf(device))} onClick={() => setLeaving(device)}>
                    {names.release}
                  </Button>
                </td>
              )}
            </tr>
          ))}
        </PartTable>
      )}
      {pages.hasNextPage && (
        <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
          {names.more}
        </Button>
      )}
      {leaving !== null && <Release license={license} device={leaving} onClose={() => setLeaving(null)} />}
    </Part>
  );
};

const useDevices = (licenseId: string) => {
  const session = useSession();
  const organizationId = useOrganizationId();
  return useInfiniteQuery({
    queryKey: [organizationId, 'listActivations', licenseId],
    queryFn: async ({ pageParam, signal }) => {
      const query = { limit: pageSize, ...(pageParam === null ? {} : { cursor: pageParam }) };
      return (await session.call(organizationId, 'listActivations', { params: { licenseId }, query }, { signal })).data;
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ hasMore, nextCursor }) => (hasMore ? nextCursor : null),
  });
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
  const names = texts.devices;
  const { licenseId, id: activationId } = device;
  return (
    <Confirmation
      license={license}
      title={names.releaseTitle}
      confirm={names.release}
      command={release}
      onClose={onClose}
      inputOf={() => ({ params: { licenseId, activationId }, body: {} })}
    >
      <p>{nameOf(device)}</p>
      <p>{names.releaseText}</p>
    </Confirmation>
  );
};
