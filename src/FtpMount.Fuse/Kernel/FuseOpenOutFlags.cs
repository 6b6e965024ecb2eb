namespace FtpMount.Fuse.Kernel;

/// <summary>What OPEN, OPENDIR and CREATE answer: the FOPEN_ bits.</summary>
[Flags]
internal enum FuseOpenOutFlags : uint
{
    None = 0,
    DirectIo = 1 << 0,
    KeepCache = 1 << 1,
    CacheDirectory = 1 << 3,
    ParallelDirectWrites = 1 << 6,
}
