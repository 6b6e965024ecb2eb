namespace FtpMount.Vfs.WriteBack;

/// <summary>What content must be to be believed after a power failure.</summary>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Checksum">XXH3 of what counts in the staging file.</param>
internal readonly record struct JournalSeal(long Length, ulong Checksum);
