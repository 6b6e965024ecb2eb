namespace FtpMount.EndToEnd.Worker.Posix;

/// <summary>The flags of renameat2(2).</summary>
[Flags]
public enum RenameFlags
{
    None = 0,
    NoReplace = 1,
    Exchange = 2,
    Whiteout = 4,
}
