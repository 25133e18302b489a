import { Button } from '../../parts/button.tsx';
import { number } from '../../parts/dates.ts';
import { Failure } from '../../parts/failure.tsx';
import { Loading } from '../../parts/loading.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { useList } from '../../session/use-list.ts';
import { catalogTexts } from '../../texts/catalog-texts.ts';
import { countsByVersion } from './pins.ts';

/** Bounds what one answer reads. The API counts nothing itself. */
const pageSize = 100;

/** How many licenses are under each version of a policy, as far as the list was read. */
export const PinsPart = ({ policyId }: { readonly policyId: string }) => {
  const licenses = useList('listLicenses', { query: { policy: policyId } }, pageSize);
  const names = catalogTexts.pins;
  const counted = licenses.entries.length;
  return (
    <Part title={names.title}>
      {licenses.isPending && <Loading />}
      {licenses.isError && <Failure error={licenses.error} onRetry={licenses.refetch} />}
      {licenses.isSuccess && counted === 0 && <p>{names.none}</p>}
      {counted > 0 && (
        <>
          <PartTable caption={names.caption} columns={Object.values(names.columns)}>
            {countsByVersion(licenses.entries).map(([version, count]) => (
              <tr key={version}>
                <th scope="row">{version}</th>
                <td>{number(count)}</td>
              </tr>
            ))}
          </PartTable>
          <p role="status">{(licenses.hasNextPage ? names.some : names.all)(number(counted))}</p>
        </>
      )}
      {licenses.hasNextPage && (
        <div>
          <Button busy={licenses.isFetchingNextPage} onClick={() => void licenses.fetchNextPage()}>
            {names.more}
          </Button>
        </div>
      )}
    </Part>
  );
};
