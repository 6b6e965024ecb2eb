namespace FtpMount.Service.Control;

/// <summary>What was fetched before anybody asked for it, since the start, and how much of it was wanted.</summary>
/// <param name="Listings">Listings of folders.</param>
/// <param name="ListingsUsed">Of those, the ones that a program then asked for.</param>
/// <param name="Files">Small files.</param>
/// <param name="FilesUsed">Of those, the ones that a program then opened.</param>
/// <param name="BytesUnused">Bytes of small files that nobody has wanted.</param>
public sealed record PrefetchStatus(long Listings, long ListingsUsed, long Files, long FilesUsed, long BytesUnused);
