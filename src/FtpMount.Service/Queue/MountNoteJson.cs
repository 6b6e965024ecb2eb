using System.Text.Json.Serialization;

namespace FtpMount.Service.Queue;

/// <summary>Writes <see cref="MountNote"/> without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(MountNote))]
internal sealed partial class MountNoteJson : JsonSerializerContext;
