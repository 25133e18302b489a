import { useState } from 'react';
import { CommandDialog } from '../../parts/command-dialog.tsx';
import { TextField } from '../../parts/field.tsx';
import { useCommand, useUnchangedCommand } from '../../session/ledger.ts';
import { catalogTexts } from '../../texts/catalog-texts.ts';
import type { Product } from '../../types.ts';

type Props = { readonly onClose: () => void };

/** Adds a product, or changes the name and the description of one. */
export const ProductDialog = ({ product, onClose }: Props & { readonly product: Product | null }) =>
  product === null ? <Create onClose={onClose} /> : <Change product={product} onClose={onClose} />;

const Create = ({ onClose }: Props) => {
  const create = useCommand('createProduct');
  const names = catalogTexts.products;
  return (
    <CommandDialog
      title={names.create}
      confirm={catalogTexts.save}
      command={create}
      inputOf={(form) => ({ body: { code: textIn(form, 'code'), ...described(form) } })}
      onClose={onClose}
    >
      <TextField
        label={names.code}
        hint={names.codeHint}
        name="code"
        required
        pattern="[a-z][a-z0-9_\-]{1,39}"
        maxLength={40}
        autoComplete="off"
      />
      <Described product={null} />
    </CommandDialog>
  );
};

const Change = ({ product: current, onClose }: Props & { readonly product: Product }) => {
  // The form began with this. What a colleague saves meanwhile must not be replaced unseen.
  const [product] = useState(current);
  const change = useUnchangedCommand('changeProduct', {
    read: 'getProduct',
    input: { params: { productId: product.id } },
    state: product,
    partOf: ({ name, description }) => [name, description],
  });
  return (
    <CommandDialog
      title={catalogTexts.products.changeTitle}
      confirm={catalogTexts.save}
      command={change}
      inputOf={(form) => ({ params: { productId: product.id }, body: described(form) })}
      onClose={onClose}
    >
      <Described product={product} />
    </CommandDialog>
  );
};

const Described = ({ product }: { readonly product: Product | null }) => {
  const names = catalogTexts.products;
  return (
    <>
      <TextField label={names.name} name="name" required maxLength={200} defaultValue={product?.name} />
      <TextField
        label={names.description}
        name="description"
        maxLength={2_000}
        defaultValue={product?.description ?? ''}
      />
    </>
  );
};

const described = (form: FormData) => {
  const description = textIn(form, 'description');
  return { name: textIn(form, 'name'), description: description === '' ? null : description };
};

const textIn = (form: FormData, name: string): string => String(form.get(name) ?? '').trim();
