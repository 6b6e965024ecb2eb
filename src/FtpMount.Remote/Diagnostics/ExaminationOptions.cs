namespace FtpMount.Remote.Diagnostics;

/// <summary>How thoroughly a server is examined.</summary>
public sealed record ExaminationOptions
{
    /// <summary>Whether to try what changes the server, in a folder that is made for it and removed.</summary>
    public bool Writes { get; init; }

    /// <summary>Gets the dialogue of all connections, without secrets; null for nowhere. Not disposed.</summary>
    public TextWriter? Transcript { get; init; }

    /// <summary>Told what is being tried, in a few words.</summary>
    public IProgress<string>? Progress { get; init; }

    /// <summary>Told, in one line, what the user should know even when the examination is broken off: above all what could not be removed.</summary>
    public Action<string> Warn { get; init; } = static _ => { };
}
