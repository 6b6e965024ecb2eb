namespace FtpMount.Service.Secrets;

/// <summary>A file whose first line is a password, and which nobody else can read.</summary>
public static class PasswordFile
{
    /// <summary>Reads the password.</summary>
    /// <param name="path">The file; a link is followed.</param>
    /// <exception cref="MountException">It is not there, others can read it, or its first line is empty.</exception>
    public static string Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!SecretFile.TryRead(path, out var text, out var problem))
            throw new MountException($"The password file is not used: {problem ?? $"{path} does not exist"}");
        var end = text.AsSpan().IndexOfAny('\r', '\n');
        var password = end < 0 ? text : text[..end];
        return password.Length > 0 ? password : throw new MountException($"The first line of the password file {path} is empty; the password belongs there");
    }
}
