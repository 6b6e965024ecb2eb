using FtpMount.Remote;

namespace FtpMount.Vfs.Incidents;

/// <summary>A <see cref="VfsConflict"/> in the state folder. The paths are base64: names are bytes, and JSON holds text.</summary>
/// <param name="Path">Where the server's version is.</param>
/// <param name="Copy">Where the version from here is.</param>
/// <param name="Time">When that was found out.</param>
internal sealed record ConflictRecord(byte[] Path, byte[] Copy, DateTimeOffset Time)
{
    public static ConflictRecord Of(VfsConflict conflict) => new(Bytes(conflict.Path), Bytes(conflict.Copy), conflict.Time);

    public VfsConflict ToConflict() => new(PathOf(Path), PathOf(Copy), Time);

    private static byte[] Bytes(RemotePath path) => NameCodec.Utf8.Encode(path.Value);

    private static RemotePath PathOf(byte[] bytes) => RemotePath.Parse(NameCodec.Utf8.Decode(bytes));
}
