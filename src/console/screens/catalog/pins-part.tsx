import { number } from '../../parts/dates.ts';
import { Paged } from '../../parts/paged.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { usePages } from '../../session/paged-list.ts';
import { catalogTexts } from '../../texts/catalog-texts.ts';
import { countsByVersion } from './pins.ts';

/** How many licenses are under each version of a policy, as far as the list was read. The API counts nothing itself. */
export const PinsPart = ({ policyId }: { readonly policyId: string }) => {
  const licenses = usePages('listLicenses', { query: { policy: policyId, limit: 100 } });
  const names = catalogTexts.pins;
  return (
    <Part title={names.title}>
      <Paged pages={licenses} empty={names.none} more={names.more}>
        <PartTable caption={names.caption} columns={Object.values(names.columns)}>
          {countsByVersion(licenses.entries).map(([version, count]) => (
            <tr key={version}>
              <th scope="row">{version}</th>
              <td>{number(count)}</td>
            </tr>
          ))}
        </PartTable>
        <p role="status">{(licenses.hasMore ? names.some : names.all)(number(licenses.entries.length))}</p>
      </Paged>
    </Part>
  );
};
