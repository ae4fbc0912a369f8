// The decoder's name for `tsc`, untyped as in three_vrm.d.mts.
export const MeshoptDecoder: any;
