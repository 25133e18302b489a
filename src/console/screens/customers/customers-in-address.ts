/** The filter of the customers in the address. Absent: all. */
export type CustomersInAddress = { readonly name?: string };

/** Returns the filter in an address. A text that is too short for the server is ignored. */
export const customersInAddress = ({ name }: Record<string, unknown>): CustomersInAddress => {
  const text = typeof name === 'string' || typeof name === 'number' ? String(name).trim() : '';
  return text.length >= 3 && text.length <= 200 ? { name: text } : {};
};
