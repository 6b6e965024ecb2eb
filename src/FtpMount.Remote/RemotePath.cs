namespace FtpMount.Remote;

/// <summary>
/// An absolute, normalised path on a remote server: <c>/</c> or <c>/a/b</c>, without empty, <c>.</c> or <c>..</c> segments.
/// Names in it are strings that carry any bytes without loss (see <see cref="NameCodec"/>). A name with NUL, CR, LF or <c>/</c>
/// cannot be put into one, so it never reaches the wire or the kernel.
/// </summary>
public readonly struct RemotePath : IEquatable<RemotePath>
{
    private readonly string? _value;

    private RemotePath(string value) => _value = value;

    /// <summary>The server's root, <c>/</c>.</summary>
    public static RemotePath Root => default;

    /// <summary>The path as text, always beginning with <c>/</c> and ending with it only at the root.</summary>
    public string Value => _value ?? "/";

    /// <summary>Whether this is <c>/</c>.</summary>
    public bool IsRoot => _value is null;

    /// <summary>The last name of the path; empty at the root.</summary>
    public string Name => _value is null ? "" : _value[(_value.LastIndexOf('/') + 1)..];

    /// <summary>The directory that holds this path; the root's parent is the root.</summary>
    public RemotePath Parent
    {
        get
        {
            if (_value is null)
                return Root;
            var slash = _value.LastIndexOf('/');
            return slash == 0 ? Root : new RemotePath(_value[..slash]);
        }
    }

    /// <summary>
    /// Parses an absolute path as a server or a user gives it. Repeated slashes, a trailing slash and <c>.</c> segments are removed,
    /// <c>..</c> is resolved textually and stops at the root.
    /// </summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.InvalidName"/>: not absolute, or NUL, CR or LF in it.</exception>
    public static RemotePath Parse(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path.Length == 0 || path[0] != '/')
            throw new RemoteException(RemoteError.InvalidName, $"'{path}' is not an absolute path.");
        var result = Root;
        foreach (var range in path.AsSpan().Split('/'))
        {
            var segment = path.AsSpan()[range];
            if (segment.IsEmpty || segment is ".")
                continue;
            result = segment is ".." ? result.Parent : result.Combine(segment.ToString());
        }

        return result;
    }

    /// <summary>Whether <paramref name="name"/> can be one segment of a path: not empty, not <c>.</c> or <c>..</c>, without NUL, CR, LF or <c>/</c>.</summary>
    public static bool IsValidName(ReadOnlySpan<char> name) =>
        !name.IsEmpty && name is not "." && name is not ".." && name.IndexOfAny("/\0\r\n") < 0;

    /// <summary>The path of the entry <paramref name="name"/> of this directory.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.InvalidName"/>: see <see cref="IsValidName"/>.</exception>
    public RemotePath Combine(string name)
    {
        if (!IsValidName(name))
            throw new RemoteException(RemoteError.InvalidName, $"'{Printable(name)}' is not a valid file name.");
        return new RemotePath(_value + "/" + name);
    }

    /// <summary>Whether this path is <paramref name="ancestor"/> or lies below it.</summary>
    public bool IsAtOrBelow(RemotePath ancestor) =>
        ancestor._value is null
        || (_value is not null
            && _value.StartsWith(ancestor._value, StringComparison.Ordinal)
            && (_value.Length == ancestor._value.Length || _value[ancestor._value.Length] == '/'));

    /// <summary>What this path becomes when a file or directory at or above it is renamed.</summary>
    /// <param name="source">The old path of that; this path is at or below it. Not the root.</param>
    /// <param name="target">Its new path.</param>
    public RemotePath Moved(RemotePath source, RemotePath target) => Parse(target.Value + Value[source.Value.Length..]);

    /// <inheritdoc/>
    public bool Equals(RemotePath other) => string.Equals(_value, other._value, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is RemotePath other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode(StringComparison.Ordinal);

    /// <summary>The path as text.</summary>
    public override string ToString() => Value;

    /// <summary>Whether the two paths are the same, byte for byte.</summary>
    public static bool operator ==(RemotePath left, RemotePath right) => left.Equals(right);

    /// <summary>Whether the two paths differ.</summary>
    public static bool operator !=(RemotePath left, RemotePath right) => !left.Equals(right);

    private static string Printable(string name) =>
        string.Create(name.Length, name, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
                span[i] = char.IsControl(source[i]) ? '?' : source[i];
        });
}
