using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs.Coherence;

/// <summary>What listing a directory gave.</summary>
/// <param name="Error"><see cref="VfsError.None"/> or why there is no listing.</param>
/// <param name="Listing">The complete listing, with what was changed here meanwhile already in it.</param>
internal readonly record struct ListOutcome(VfsError Error, DirectoryListing? Listing);
