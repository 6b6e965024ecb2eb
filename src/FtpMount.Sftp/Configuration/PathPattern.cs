namespace FtpMount.Sftp.Configuration;

/// <summary>Finds the files that a path with <c>*</c> and <c>?</c> stands for, as glob(7) does: sorted, and none with a dot in front unless the pattern has it.</summary>
internal static class PathPattern
{
    /// <summary>The files, in order; empty when there are none or the folder cannot be read.</summary>
    public static IEnumerable<string> Find(string pattern)
    {
        IEnumerable<string> found = ["/"];
        foreach (var part in pattern.Split('/', StringSplitOptions.RemoveEmptyEntries))
            found = found.SelectMany(folder => Expand(folder, part));
        return found.Where(File.Exists);
    }

    private static List<string> Expand(string folder, string part)
    {
        if (part.IndexOfAny(['*', '?']) < 0)
            return [Path.Combine(folder, part)];
        try
        {
            return Directory.EnumerateFileSystemEntries(folder)
                .Where(path => Path.GetFileName(path) is var name && (name[0] != '.' || part[0] == '.') && SshPattern.Matches(name, part))
                .Order(StringComparer.Ordinal)
                .ToList();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
