using FtpMount.Remote;

namespace FtpMount.Ftp.Control;

/// <summary>
/// One command line: a verb and, after one space, an argument of any bytes but CR, LF and NUL. A command that holds one of these cannot be made,
/// so a name can never smuggle a second command onto the wire.
/// </summary>
internal readonly struct FtpCommand
{
    /// <summary>A command without argument.</summary>
    public FtpCommand(string verb)
        : this(verb, ReadOnlyMemory<byte>.Empty)
    {
    }

    /// <summary>A command with an ASCII argument.</summary>
    public FtpCommand(string verb, string argument)
        : this(verb, System.Text.Encoding.Latin1.GetBytes(argument))
    {
    }

    /// <summary>A command with an argument of any bytes.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.InvalidName"/>: CR, LF or NUL in it.</exception>
    public FtpCommand(string verb, ReadOnlyMemory<byte> argument)
    {
        if (argument.Span.IndexOfAny((byte)'\r', (byte)'\n', (byte)0) >= 0)
            throw new RemoteException(RemoteError.InvalidName, "A name with a line break or NUL cannot be sent over FTP.");
        Verb = verb;
        Argument = argument;
    }

    /// <summary>A command whose argument is a path.</summary>
    /// <param name="verb">The verb, and what stands before the path.</param>
    /// <param name="argument">The path as bytes.</param>
    /// <param name="path">The path.</param>
    /// <param name="ending">What stands behind the path.</param>
    /// <exception cref="RemoteException"><see cref="RemoteError.InvalidName"/>: CR, LF or NUL in it.</exception>
    public FtpCommand(string verb, ReadOnlyMemory<byte> argument, RemotePath path, string ending = "")
        : this(verb, ending.Length == 0 ? argument : (byte[])[.. argument.Span, .. System.Text.Encoding.ASCII.GetBytes(ending)])
    {
        Path = path;
        Ending = ending;
    }

    /// <summary>The verb, in capitals; for SITE commands with the word that follows (<c>SITE CHMOD 644</c>).</summary>
    public string Verb { get; }

    /// <summary>The argument; empty for none.</summary>
    public ReadOnlyMemory<byte> Argument { get; }

    /// <summary>What stands behind <see cref="Path"/>; null for a command without.</summary>
    public string? Ending { get; }

    /// <summary>The path that the argument is; null when the argument is something else, or relative to the working directory.</summary>
    public RemotePath? Path { get; }

    /// <summary>Whether a command with a path leaves everything as it is.</summary>
    public bool OnlyLooks => Verb is "CWD" or "SIZE" or "MDTM" or "MLST" or "MLSD" or "RETR" or "STAT" or "HASH" or "AVBL" or "SITE DF" or "SITE CPFR";

    /// <summary>For the transcript; without secrets.</summary>
    public override string ToString() =>
        Verb is "PASS" or "ACCT" ? Verb + " ***"
        : Argument.IsEmpty ? Verb
        : FtpReply.Printable(Verb + " " + System.Text.Encoding.UTF8.GetString(Argument.Span));
}
