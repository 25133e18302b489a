import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { CheckField } from '../../parts/field.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Paged } from '../../parts/paged.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { useOrganizationId } from '../../session/ledger.ts';
import { usePermission } from '../../session/may.ts';
import { usePages } from '../../session/paged-list.ts';
import { catalogTexts } from '../../texts/catalog-texts.ts';
import classes from './catalog.module.css';
import { ProductDialog } from './product-dialog.tsx';

/** The products of the organization. */
export const ProductsPart = () => {
  const names = catalogTexts.products;
  const organizationId = useOrganizationId();
  const mayChange = usePermission('changeCatalog');
  const [withArchived, setWithArchived] = useState(false);
  const [isAdding, setAdding] = useState(false);
  const products = usePages('listProducts', withArchived ? {} : { query: { archived: false } });
  return (
    <Part title={names.title}>
      <div className={classes.buttons}>
        {mayChange && <Button onClick={() => setAdding(true)}>{names.create}</Button>}
        <CheckField
          label={catalogTexts.showArchived}
          checked={withArchived}
          onChange={({ currentTarget: { checked } }) => setWithArchived(checked)}
        />
      </div>
      <Paged pages={products} empty={names.none} more={catalogTexts.more}>
        <PartTable caption={names.caption} columns={Object.values(names.columns)}>
          {products.entries.map(({ id, name, code, createdAt, archivedAt }) => (
            <tr key={id}>
              <th scope="row">
                <Link to="/$organizationId/catalog/products/$productId" params={{ organizationId, productId: id }}>
                  {name}
                </Link>{' '}
                {archivedAt !== null && <Badge>{catalogTexts.archived}</Badge>}
              </th>
              <td>
                <code>{code}</code>
              </td>
              <td>
                <Moment at={createdAt} />
              </td>
            </tr>
          ))}
        </PartTable>
      </Paged>
      {isAdding && <ProductDialog product={null} onClose={() => setAdding(false)} />}
    </Part>
  );
};
