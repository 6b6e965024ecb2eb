namespace FtpMount.Service.Secrets;

/// <summary>Where credentials can come from, besides the URL.</summary>
public sealed record CredentialSources
{
    /// <summary>The value of <c>FTPMOUNT_PASSWORD</c>; null when it is not set.</summary>
    public string? EnvironmentPassword { get; init; }

    /// <summary>The option password-file.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>The netrc file; null when there is no home.</summary>
    public string? NetrcFile { get; init; }

    /// <summary>Asks a person; gives null when there is no terminal. The argument is the question.</summary>
    public Func<string, string?> Prompt { get; init; } = static _ => null;

    /// <summary>Told what the user should know, one line each.</summary>
    public Action<string> Warn { get; init; } = static _ => { };
}
