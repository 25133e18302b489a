import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { CommandDialog } from '../../parts/command-dialog.tsx';
import { Copyable } from '../../parts/copy.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Loading } from '../../parts/loading.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Facts, Part } from '../../parts/part.tsx';
import { useCommand, useOrganizationId, useRead } from '../../session/ledger.ts';
import { usePermission } from '../../session/may.ts';
import { useTitle } from '../../shell/use-title.ts';
import { catalogTexts } from '../../texts/catalog-texts.ts';
import type { Product } from '../../types.ts';
import classes from './catalog.module.css';
import { ProductDialog } from './product-dialog.tsx';
import { ReleasesPart } from './releases-part.tsx';

/** A product with its releases. */
const ProductScreen = () => {
  const { productId } = useParams({ from: '/signed-in/$organizationId/catalog/products/$productId' });
  const organizationId = useOrganizationId();
  const product = useRead('getProduct', { params: { productId } });
  useTitle(product.data?.name ?? catalogTexts.title);
  // A later failure leaves the page as it is, with the forms that are open.
  if (product.data === undefined)
    return product.isError ? <Failure error={product.error} onRetry={product.refetch} /> : <Loading />;
  const { name, code, description, createdAt, archivedAt } = product.data;
  const names = catalogTexts.products;
  return (
    // A dialog belongs to its product.
    <div key={productId} className={classes.page}>
      <Link to="/$organizationId/catalog" params={{ organizationId }}>
        {catalogTexts.back}
      </Link>
      <div className={classes.head}>
        <h1>{name}</h1>
        {archivedAt !== null && <Badge>{catalogTexts.archived}</Badge>}
      </div>
      {archivedAt === null && <ProductActions product={product.data} />}
      <Part title={catalogTexts.details}>
        <Facts
          facts={[
            [names.code, <Copyable key="code" text={code} />],
            [names.description, description],
            [catalogTexts.created, <Moment key="created" at={createdAt} />],
            [catalogTexts.archived, archivedAt === null ? null : <Moment key="archived" at={archivedAt} />],
          ]}
        />
      </Part>
      <ReleasesPart code={code} />
    </div>
  );
};

const ProductActions = ({ product }: { readonly product: Product }) => {
  const mayChange = usePermission('changeCatalog');
  const [open, setOpen] = useState<'change' | 'archive' | null>(null);
  const close = () => setOpen(null);
  if (!mayChange) return null;
  return (
    <div className={classes.buttons}>
      <Button onClick={() => setOpen('change')}>{catalogTexts.change}</Button>
      <Button kind="danger" onClick={() => setOpen('archive')}>
        {catalogTexts.archive}
      </Button>
      {open === 'change' && <ProductDialog product={product} onClose={close} />}
      {open === 'archive' && <Archive product={product} onClose={close} />}
    </div>
  );
};

const Archive = ({ product, onClose }: { readonly product: Product; readonly onClose: () => void }) => {
  const archive = useCommand('archiveProduct');
  return (
    <CommandDialog
      title={catalogTexts.products.archiveTitle}
      confirm={catalogTexts.archive}
      isDangerous
      command={archive}
      inputOf={() => ({ params: { productId: product.id } })}
      onClose={onClose}
    >
      <p>{product.name}</p>
      <p>{catalogTexts.products.archiveText}</p>
    </CommandDialog>
  );
};

export default ProductScreen;
