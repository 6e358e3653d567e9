/** A public key of age’s; nobody has kept its identity. */
export const recipient = 'age1nn6fvq0emwpc3698tlt43jky6jsaav6pewkfhu2xmcylrtjvvulqp5yvmx';
