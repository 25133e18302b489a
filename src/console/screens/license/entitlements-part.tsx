import { Moment } from '../../parts/moment.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { texts } from '../../texts/catalogue.ts';
import { limitText } from '../../texts/license-texts.ts';
import type { License } from '../../types.ts';

/** The entitlements of a license, each with its source. */
export const EntitlementsPart = ({ license: { entitlements } }: { readonly license: License }) => {
  const names = texts.entitlements;
  if (entitlements.length === 0) {
    return (
      <Part title={names.title}>
        <p>{names.none}</p>
      </Part>
    );
  }
  return (
    <Part title={names.title}>
      <PartTable caption={names.caption} columns={Object.values(names.columns)}>
        {entitlements.map(({ code, value, limit, source, until, withheld, ended }) => (
          <tr key={code}>
            <th scope="row">{code}</th>
            <td>{[value, limit === null ? null : limitText(limit)].filter((each) => each !== null).join(', ')}</td>
            <td>
              {[names.sources[source], withheld ? names.withheld : null, ended ? names.ended : null]
                .filter((each) => each !== null)
                .join(', ')}
            </td>
            <td>{until !== null && <Moment at={until} />}</td>
          </tr>
        ))}
      </PartTable>
    </Part>
  );
};
