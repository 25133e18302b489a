import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { Badge } from '../../parts/badge.tsx';
import { buttonClass } from '../../parts/button.tsx';
import { CheckField } from '../../parts/field.tsx';
import { Paged } from '../../parts/paged.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { useOrganizationId } from '../../session/ledger.ts';
import { usePermission } from '../../session/may.ts';
import { usePages } from '../../session/paged-list.ts';
import { catalogTexts } from '../../texts/catalog-texts.ts';
import { policyTexts } from '../../texts/policy-texts.ts';
import classes from './catalog.module.css';
import { limitText, termText } from './policy-values.ts';

/** The policies of the organization, each in its latest version. */
export const PoliciesPart = () => {
  const names = catalogTexts.policies;
  const organizationId = useOrganizationId();
  const mayChange = usePermission('changeCatalog');
  const [withArchived, setWithArchived] = useState(false);
  const policies = usePages('listPolicies', withArchived ? {} : { query: { archived: false } });
  return (
    <Part title={names.title}>
      <div className={classes.buttons}>
        {mayChange && (
          <Link className={buttonClass()} to="/$organizationId/catalog/policies/new" params={{ organizationId }}>
            {names.create}
          </Link>
        )}
        <CheckField
          label={catalogTexts.showArchived}
          checked={withArchived}
          onChange={({ currentTarget: { checked } }) => setWithArchived(checked)}
        />
      </div>
      <Paged pages={policies} empty={names.none} more={catalogTexts.more}>
        <PartTable caption={names.caption} columns={Object.values(names.columns)}>
          {policies.entries.map(({ id, name, tier, version, term, limits, archivedAt }) => (
            <tr key={id}>
              <th scope="row">
                <Link to="/$organizationId/catalog/policies/$policyId" params={{ organizationId, policyId: id }}>
                  {name}
                </Link>{' '}
                {archivedAt !== null && <Badge>{catalogTexts.archived}</Badge>}
              </th>
              <td>{policyTexts.values.tier[tier]}</td>
              <td>{version}</td>
              <td>{termText(term)}</td>
              <td>{limitText(limits.activations)}</td>
            </tr>
          ))}
        </PartTable>
      </Paged>
    </Part>
  );
};
