using System.Text.Json.Serialization;

namespace FtpMount.Service;

/// <summary>Writes <see cref="MountConfiguration"/> without reflection.</summary>
[JsonSourceGenerationOptions(Converters = [typeof(RemoteUrlJsonConverter), typeof(CredentialsJsonConverter)])]
[JsonSerializable(typeof(MountConfiguration))]
internal sealed partial class MountConfigurationJson : JsonSerializerContext;
