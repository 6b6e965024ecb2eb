using System.Text.Json.Serialization;

namespace FtpMount.Vfs.Incidents;

/// <summary>Writes <see cref="ConflictRecord"/>s without reflection.</summary>
[JsonSerializable(typeof(ConflictRecord[]))]
internal sealed partial class ConflictJson : JsonSerializerContext;
